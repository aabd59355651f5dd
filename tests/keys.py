"""Keys and a sealed password for tests, known to everybody who reads this."""

OWN = "AGE-SECRET-KEY-192P2A58HKUDV8HH9ENUHDULMXJSLLN3VW24SMNKC6Q46N9Y0UUVQ74X83S"
OWN_PUBLIC = "age1pyulkmjdc65hlu5c6m2zsjjcu4s8jvcuplxyhxwkr9u3m5wv9cmsqjlzyx"
"""The key of who runs a test; it is nobody's recipient."""

CI = "AGE-SECRET-KEY-1TE4QEXVMUW05N7LNVYSJ40DS4SCHQFYKHV5YXXMX6VNNMNPZMDJS9KYAVH"
CI_PUBLIC = "age176p3pvgw6t6vy508khe4t84eqsuvc05egrlf0nzpggueecy923vs34x339"
"""The key of a recipient."""

BOB_PUBLIC = "age1hylt9jz9jnmjf2eh5n945s95wqauy8xva2y530n6y8l2jeqhqvvqrtuv32"
"""The key of somebody else, whose secret key nobody has."""

BOTH = f"{OWN}\n{CI}"
"""What SIPCTL_IDENTITY holds in tests."""

SETTINGS = f"version: 1\nrecipients:\n  ci: {CI_PUBLIC}\n"
"""Settings with one recipient."""

SEALED = (
    "v1.b7880400ad35ceeb.YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBmVUdHTG52eGJnM3pxT2NJTkdSd3Rh"
    "cXdrekd4c0xsUkNmakFsWUVJWlRNCmxHdERkNjZCd2hRVkRscittYzljeXdSQ0pHOGJSV0o5VjF2OGsweFZvU3cKLT4g"
    "Syx6I10tZ3JlYXNlCgotLS0gNVFmWFZtSUsvMlVCeDFOVGxsT1NPSmxNWFRYVzVHUWZUY0ppWXMrL1loNArKqToMDWNP"
    "GXoikySsHXW0AHqJ4rU3aj45Ljr04LZrvV0t1Uk4bIKgcASUMYWb4fgI4Y8F6I6Ec1MBCWaA87yFja0Dvo4vm6szasiZ"
    "O7zwvKclw4JbKg5dfT6IEhoMsY0="
)
"""The password `open sesame` of the user `sealed`, for the recipient of SETTINGS."""
