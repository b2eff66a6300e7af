"""What is told of an evaluation: frames, the first line, sentences, JSON."""
