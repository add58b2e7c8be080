"""Take away: what the page shows as files. A page that plays offline, pictures, an animation, data, a script."""
