"""What a card of whole-number points is made of: lines, choice of factors, the printed page."""
