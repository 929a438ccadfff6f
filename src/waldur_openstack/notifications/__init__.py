"""Notifications of clouds, read from their RabbitMQ: hints that something should be looked at now.

Nothing rests on them: a lost one is made up for by the next sync, a false one costs a read.
"""
