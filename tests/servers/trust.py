"""Whom clients are to trust on loopback, where nobody speaks TLS."""

from pathlib import Path

# Every client reads all certificates that its machine trusts when it is made, which takes longer than most tests. Here
# is one to read, whose key is lost: variables of an environment, for OpenSSL and for botocore.
NOBODY = dict.fromkeys(("SSL_CERT_FILE", "AWS_CA_BUNDLE"), str(Path(__file__).with_name("nobody.pem")))
