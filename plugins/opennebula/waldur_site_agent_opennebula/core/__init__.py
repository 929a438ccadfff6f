"""What is known of OpenNebula, and nothing of any marketplace."""
