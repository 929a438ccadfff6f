"""OpenNebula for the Waldur site agent: virtual data centers and virtual machines as marketplace resources."""
