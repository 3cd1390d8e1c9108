"""Robot people: they visit a running demonstration over HTTP and the socket, to try, to train and to test."""
