// The rows of passkeys: for which domain they are, and which pages and apps may use them.
import type { Setting } from './setting.js'

export const passkeyRows = {
  PASSKEY_RP_ID: {
    type: 'text',
    rule: 'must be a domain such as example.com: that of one of PASSKEY_ORIGINS or a parent of it, which people can register nothing below',
    example: 'example.com',
    about:
      'The domain that passkeys are for (WebAuthn calls it RP ID), for good: passkeys of another one are lost. Routes of passkeys are there with this and PASSKEY_ORIGINS alone.',
    see: 'docs/passkeys.md',
  },
  PASSKEY_ORIGINS: {
    type: 'list',
    of: 'origins such as https://login.example.com (https except on loopback) or android:apk-key-hash: and 43 characters',
    default: [],
    example: 'https://login.example.com,https://example.com',
    about:
      'Pages and Android apps that may make and use passkeys. Those of other domains than PASSKEY_RP_ID are told to browsers at /.well-known/webauthn.',
    see: 'docs/passkeys.md',
  },
  PASSKEY_RP_NAME: {
    type: 'text',
    defaultOf: 'APP_NAME',
    rule: 'must be 1 to 60 characters on one line, without control characters',
    about: 'What some devices call you where they ask for a passkey.',
  },
  PASSKEY_IOS_APPS: {
    type: 'list',
    of: 'app ids such as ABCDE12345.com.example.app',
    default: [],
    example: 'ABCDE12345.com.example.app',
    about:
      "Apps of Apple's systems that may use passkeys: served at /.well-known/apple-app-site-association where PASSKEY_RP_ID is the host of PUBLIC_URL.",
    see: 'docs/passkeys.md',
  },
  PASSKEY_ANDROID_APPS: {
    type: 'list',
    of: 'app ids and SHA-256 fingerprints of their certificates, such as com.example.app/AB:CD:…',
    default: [],
    about:
      'Android apps that may use passkeys, one item for each certificate: served at /.well-known/assetlinks.json, under the same condition. Each also has its android:apk-key-hash: in PASSKEY_ORIGINS.',
    see: 'docs/passkeys.md',
  },
} as const satisfies Record<string, Setting>
