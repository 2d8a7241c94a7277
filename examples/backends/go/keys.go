package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// Keys verifies ES256 tokens by the public keys of the service, which it asks for every five minutes, and at most every 30 seconds for a
// key that it does not know. A logout is seen when the token ends.
type Keys struct {
	url, issuer, audience string

	mutex   sync.Mutex
	known   map[string]*ecdsa.PublicKey
	askedAt time.Time // whatever came of it
	gotAt   time.Time
}

// NewKeys makes a verifier; it asks nothing before the first token.
func NewKeys(url, issuer, audience string) *Keys {
	return &Keys{url: url, issuer: issuer, audience: audience}
}

type claims struct {
	Iss string  `json:"iss"`
	Aud string  `json:"aud"` // one string: a list may name another service too, and does not decode
	Sub string  `json:"sub"`
	Sid string  `json:"sid"`
	Iat float64 `json:"iat"`
	Exp float64 `json:"exp"`
}

const tolerance = 5 // seconds that the clocks may differ

// Verify implements Verifier.
func (k *Keys) Verify(token string) (Session, error) {
	parts := strings.Split(token, ".")
	var header struct{ Alg, Typ, Kid string }
	// The algorithm is ours to say, not the token's (RFC 8725 §3.1); nothing else of the header is looked at.
	if len(parts) != 3 || !decode(parts[0], &header) || header.Alg != "ES256" || !strings.EqualFold(header.Typ, "JWT") {
		return Session{}, ErrNoSession
	}
	key, err := k.find(header.Kid)
	if err != nil {
		return Session{}, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return Session{}, ErrNoSession
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(key, digest[:], r, s) {
		return Session{}, ErrNoSession
	}
	var c claims
	now := float64(time.Now().Unix())
	good := decode(parts[1], &c) && c.Iss == k.issuer && c.Aud == k.audience && c.Sub != "" && c.Sid != "" &&
		c.Exp > now-tolerance && c.Iat > 0 && c.Iat <= now+tolerance
	if !good {
		return Session{}, ErrNoSession
	}
	return Session{UserID: c.Sub, SessionID: c.Sid}, nil
}

func decode(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

// find returns the key of that name. Keys serve on for an hour while the service cannot be asked.
func (k *Keys) find(kid string) (*ecdsa.PublicKey, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	now := time.Now()
	pause := 30 * time.Second
	if k.known == nil {
		pause = time.Second
	}
	key, isKnown := k.known[kid]
	isOld := now.Sub(k.gotAt) > 5*time.Minute
	if (!isKnown || isOld) && now.Sub(k.askedAt) > pause {
		k.askedAt = now
		if err := k.ask(); err == nil {
			k.gotAt = now
			key, isKnown = k.known[kid]
		} else if !isKnown {
			return nil, err
		}
	}
	if k.known == nil || now.Sub(k.gotAt) > time.Hour {
		return nil, errors.New("the keys of the service are not known")
	}
	if !isKnown {
		return nil, ErrNoSession
	}
	return key, nil
}

func (k *Keys) ask() error {
	response, err := client.Get(k.url + "/.well-known/jwks.json")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var set struct {
		Keys []struct{ Kid, Kty, Crv, Alg, X, Y string }
	}
	if err := json.NewDecoder(response.Body).Decode(&set); response.StatusCode != 200 || err != nil {
		return fmt.Errorf("the service answered no keys: %s", response.Status)
	}
	known := map[string]*ecdsa.PublicKey{}
	for _, jwk := range set.Keys {
		x, errX := base64.RawURLEncoding.DecodeString(jwk.X)
		y, errY := base64.RawURLEncoding.DecodeString(jwk.Y)
		if jwk.Kty != "EC" || jwk.Crv != "P-256" || jwk.Alg != "ES256" || errX != nil || errY != nil {
			continue
		}
		key := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
		if key.Curve.IsOnCurve(key.X, key.Y) {
			known[jwk.Kid] = key
		}
	}
	k.known = known
	return nil
}
