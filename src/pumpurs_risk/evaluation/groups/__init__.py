"""Groups of pupils: who is missed, who is listed in vain, whose risks are wrong."""
