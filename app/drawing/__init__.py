"""What pictures share, on the server and in the browser: looks, the scale of a loss, arrays, the sheet."""
