"""What a model has to beat: simple rules, school and programme, the staff's own list."""
