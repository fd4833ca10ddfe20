"""An application that ends its process when it is imported."""

import os

os._exit(int(os.environ["DIES_WITH"]))
