"""Snapshots and backups from our side: who may be copied, the rows of copies, schedules, retention."""
