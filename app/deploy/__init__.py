"""What a deployment beyond one computer needs: compose file, proxy, packed assets, lock file, bill of materials."""
