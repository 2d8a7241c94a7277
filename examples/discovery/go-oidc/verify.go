// Verifies tokens by go-oidc: where the keys are it finds by the issuer alone.
package main

import (
	"context"
	"os"

	"github.com/coreos/go-oidc"
)

// Claims is what a token says; the last three as TOKEN_CLAIMS has them.
type Claims struct {
	Sub                 string `json:"sub"`
	Sid                 string `json:"sid"`
	Role                string `json:"role"`
	PhoneNumberVerified bool   `json:"phone_number_verified"`
	EmailVerified       bool   `json:"email_verified"`
}

// NewVerifier asks the issuer once, and for its keys when it needs them.
func NewVerifier(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	provider, err := oidc.NewProvider(ctx, os.Getenv("ISSUER"))
	if err != nil {
		return nil, err
	}
	// Without this go-oidc takes RS256 alone.
	config := &oidc.Config{ClientID: "latchkey", SupportedSigningAlgs: []string{oidc.ES256}}
	return provider.Verifier(config), nil
}

// ClaimsOf returns the claims of a good token.
func ClaimsOf(ctx context.Context, verifier *oidc.IDTokenVerifier, token string) (Claims, error) {
	var claims Claims
	verified, err := verifier.Verify(ctx, token)
	if err == nil {
		err = verified.Claims(&claims)
	}
	return claims, err
}
