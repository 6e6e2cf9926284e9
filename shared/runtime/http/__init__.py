"""The HTTP kit: what every service's interface has in common."""
