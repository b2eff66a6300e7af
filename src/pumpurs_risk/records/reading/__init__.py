"""Files as they were handed in: finds them, tells their kind, gives every table as text. Nothing is interpreted."""
