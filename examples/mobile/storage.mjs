// React Native: the client keeps its tokens in the keychain (iOS) or the keystore (Android).
/** @param SecureStore `import * as SecureStore from 'expo-secure-store'` */
export const storageOn = (SecureStore) => ({
  get: (key) => SecureStore.getItemAsync(key),
  // Not before the first unlock after a start, and never on another device by a backup.
  set: (key, value) =>
    SecureStore.setItemAsync(key, value, { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY }),
  remove: (key) => SecureStore.deleteItemAsync(key),
})
