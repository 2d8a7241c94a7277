// A back end beside the service: who asks, by the service's public keys or by asking it each time. Standard library alone.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"regexp"
	"strings"
)

// Session is who asks.
type Session struct {
	UserID    string
	SessionID string
}

// ErrNoSession is the answer for nobody; any other error means that nobody can tell.
var ErrNoSession = errors.New("not signed in")

// Verifier tells whose a token is.
type Verifier interface {
	Verify(token string) (Session, error)
}

// A token of the service, before anything is spent on it.
var tokenShape = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)

// signedIn lets through whoever shows a good Bearer token.
func signedIn(verifier Verifier, next func(http.ResponseWriter, *http.Request, Session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		session, err := Session{}, ErrNoSession
		if strings.EqualFold(scheme, "Bearer") && len(token) <= 4096 && tokenShape.MatchString(token) {
			session, err = verifier.Verify(token)
		}
		switch {
		case err == nil:
			next(w, r, session)
		case errors.Is(err, ErrNoSession):
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
		default:
			// Nobody can tell who asks: nobody is let in, and nobody is signed out for it.
			log.Print(err)
			answer(w, http.StatusServiceUnavailable, map[string]string{"error": "unavailable"})
		}
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func main() {
	url := strings.TrimRight(os.Getenv("AUTH_URL"), "/")
	var verifier Verifier = NewKeys(url, "latchkey", "latchkey")
	if os.Getenv("MODE") == "introspection" {
		verifier = Introspection{URL: url, Secret: os.Getenv("INTROSPECTION_TOKEN")}
	}
	http.HandleFunc("/orders", signedIn(verifier, func(w http.ResponseWriter, r *http.Request, session Session) {
		answer(w, http.StatusOK, map[string]string{"user_id": session.UserID})
	}))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
