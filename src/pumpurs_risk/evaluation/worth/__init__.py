"""What data, places and being listed are worth."""
