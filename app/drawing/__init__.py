"""What pictures drawn on the server share."""
