"""Offerings that a service agent works for: a program at the provider's site takes orders and reports outcomes."""
