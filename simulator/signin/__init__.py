"""How the applications beside ACM let people log in at ACM, as relying parties over OpenID Connect like any other."""
