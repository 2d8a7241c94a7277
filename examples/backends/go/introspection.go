package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Introspection asks the service about each token (RFC 7662): a logout counts at once.
type Introspection struct {
	URL    string
	Secret string
}

var client = &http.Client{
	Timeout: 3 * time.Second,
	// Whoever redirects would be sent the token and the secret.
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Verify implements Verifier.
func (i Introspection) Verify(token string) (Session, error) {
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	request, err := http.NewRequest(http.MethodPost, i.URL+"/auth/introspect", form)
	if err != nil {
		return Session{}, err
	}
	request.Header.Set("Authorization", "Bearer "+i.Secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return Session{}, err
	}
	defer response.Body.Close()
	// 401 is about the secret, never about the token.
	if response.StatusCode != http.StatusOK {
		return Session{}, fmt.Errorf("introspection answered %s", response.Status)
	}
	var known struct {
		Active bool   `json:"active"`
		Sub    string `json:"sub"`
		Sid    string `json:"sid"`
	}
	if err := json.NewDecoder(response.Body).Decode(&known); err != nil {
		return Session{}, err
	}
	if !known.Active {
		return Session{}, ErrNoSession
	}
	return Session{UserID: known.Sub, SessionID: known.Sid}, nil
}
