"""The seed's tables "Supported Operations by OpenStack Service": every row, done through our API, seen in the cloud."""
