"""What the browser sees: the table of controls, pages, figure builders, routes and the server."""
