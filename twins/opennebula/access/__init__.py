"""Who may do what: sessions, permissions, ACL rules, locks, quotas, virtual data centers."""
