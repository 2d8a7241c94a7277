// What the sign-in page says by itself, before or without its script, in the languages that messages have.
import { createLanguageFinder } from '../messaging/templates/languages.js'

export type PageText = Readonly<{
  /** of the window */
  title: string
  /** the same, of the console for admins */
  console: string
  /** where scripts are off */
  noScript: string
  /** over what follows */
  refused: string
  /** where a link asks for a return that is not allowed */
  refusedWhy: string
}>

const texts: Readonly<Record<string, PageText>> = {
  ar: {
    title: 'تسجيل الدخول',
    console: 'لوحة الإدارة',
    noScript: 'لتسجيل الدخول، يُرجى تفعيل JavaScript في متصفحك ثم إعادة تحميل الصفحة.',
    refused: 'هذا الرابط لا يعمل',
    refusedWhy: 'الصفحة التي أتيت منها تطلب العودة إلى مكان غير مسموح به. لم يحدث أي شيء لحسابك.',
  },
  bn: {
    title: 'সাইন ইন',
    console: 'অ্যাডমিন কনসোল',
    noScript: 'সাইন ইন করতে ব্রাউজারে JavaScript চালু করুন, তারপর পৃষ্ঠাটি আবার লোড করুন।',
    refused: 'এই লিংকটি কাজ করে না',
    refusedWhy: 'আপনি যে পৃষ্ঠা থেকে এসেছেন, সেটি এমন জায়গায় ফিরতে চায় যার অনুমতি নেই। আপনার অ্যাকাউন্টে কিছুই ঘটেনি।',
  },
  de: {
    title: 'Anmelden',
    console: 'Verwaltung',
    noScript: 'Bitte schalten Sie JavaScript in Ihrem Browser ein und laden Sie die Seite neu, um sich anzumelden.',
    refused: 'Dieser Link funktioniert nicht',
    refusedWhy:
      'Die Seite, von der Sie kommen, verlangt eine Rückkehr an einen Ort, der nicht erlaubt ist. Mit Ihrem Konto ist nichts geschehen.',
  },
  en: {
    title: 'Sign in',
    console: 'Admin console',
    noScript: 'To sign in, please turn on JavaScript in your browser and reload this page.',
    refused: 'This link does not work',
    refusedWhy:
      'The page that you come from asks for a return to a place that is not allowed. Nothing has happened to your account.',
  },
  es: {
    title: 'Iniciar sesión',
    console: 'Consola de administración',
    noScript: 'Para iniciar sesión, active JavaScript en su navegador y vuelva a cargar esta página.',
    refused: 'Este enlace no funciona',
    refusedWhy:
      'La página de la que viene pide volver a un lugar que no está permitido. No ha ocurrido nada en su cuenta.',
  },
  fr: {
    title: 'Connexion',
    console: 'Console d’administration',
    noScript: 'Pour vous connecter, activez JavaScript dans votre navigateur puis rechargez cette page.',
    refused: 'Ce lien ne fonctionne pas',
    refusedWhy:
      'La page d’où vous venez demande un retour vers un endroit qui n’est pas autorisé. Rien n’a changé dans votre compte.',
  },
  gu: {
    title: 'સાઇન ઇન',
    console: 'એડમિન કન્સોલ',
    noScript: 'સાઇન ઇન કરવા માટે બ્રાઉઝરમાં JavaScript ચાલુ કરો અને આ પેજ ફરી લોડ કરો.',
    refused: 'આ લિંક કામ કરતી નથી',
    refusedWhy: 'તમે જે પેજ પરથી આવ્યા છો તે એવી જગ્યાએ પાછા જવા માંગે છે જેની મંજૂરી નથી. તમારા ખાતામાં કંઈ થયું નથી.',
  },
  hi: {
    title: 'साइन इन',
    console: 'एडमिन कंसोल',
    noScript: 'साइन इन करने के लिए ब्राउज़र में JavaScript चालू करें और यह पेज फिर से लोड करें।',
    refused: 'यह लिंक काम नहीं करता',
    refusedWhy: 'आप जिस पेज से आए हैं, वह ऐसी जगह लौटाना चाहता है जिसकी अनुमति नहीं है। आपके खाते में कुछ नहीं हुआ है।',
  },
  id: {
    title: 'Masuk',
    console: 'Konsol admin',
    noScript: 'Untuk masuk, aktifkan JavaScript di peramban Anda lalu muat ulang halaman ini.',
    refused: 'Tautan ini tidak berfungsi',
    refusedWhy:
      'Halaman asal Anda meminta kembali ke tempat yang tidak diizinkan. Tidak ada yang terjadi pada akun Anda.',
  },
  ja: {
    title: 'ログイン',
    console: '管理コンソール',
    noScript: 'ログインするには、ブラウザーで JavaScript を有効にして、このページを再読み込みしてください。',
    refused: 'このリンクは使えません',
    refusedWhy: '元のページが、許可されていない場所への移動を求めています。お客様のアカウントには何も起きていません。',
  },
  kn: {
    title: 'ಸೈನ್ ಇನ್',
    console: 'ಅಡ್ಮಿನ್ ಕನ್ಸೋಲ್',
    noScript: 'ಸೈನ್ ಇನ್ ಮಾಡಲು ಬ್ರೌಸರ್‌ನಲ್ಲಿ JavaScript ಆನ್ ಮಾಡಿ, ನಂತರ ಈ ಪುಟವನ್ನು ಮತ್ತೆ ಲೋಡ್ ಮಾಡಿ.',
    refused: 'ಈ ಲಿಂಕ್ ಕೆಲಸ ಮಾಡುವುದಿಲ್ಲ',
    refusedWhy: 'ನೀವು ಬಂದ ಪುಟವು ಅನುಮತಿ ಇಲ್ಲದ ಸ್ಥಳಕ್ಕೆ ಹಿಂತಿರುಗಲು ಕೇಳುತ್ತಿದೆ. ನಿಮ್ಮ ಖಾತೆಯಲ್ಲಿ ಏನೂ ಆಗಿಲ್ಲ.',
  },
  ml: {
    title: 'സൈൻ ഇൻ',
    console: 'അഡ്മിൻ കൺസോൾ',
    noScript: 'സൈൻ ഇൻ ചെയ്യാൻ ബ്രൗസറിൽ JavaScript ഓണാക്കി ഈ പേജ് വീണ്ടും ലോഡ് ചെയ്യുക.',
    refused: 'ഈ ലിങ്ക് പ്രവർത്തിക്കുന്നില്ല',
    refusedWhy: 'നിങ്ങൾ വന്ന പേജ് അനുവദനീയമല്ലാത്ത ഇടത്തേക്ക് മടങ്ങാൻ ആവശ്യപ്പെടുന്നു. നിങ്ങളുടെ അക്കൗണ്ടിൽ ഒന്നും സംഭവിച്ചിട്ടില്ല.',
  },
  mr: {
    title: 'साइन इन',
    console: 'अ‍ॅडमिन कन्सोल',
    noScript: 'साइन इन करण्यासाठी ब्राउझरमध्ये JavaScript सुरू करा आणि हे पेज पुन्हा लोड करा.',
    refused: 'ही लिंक चालत नाही',
    refusedWhy: 'आपण ज्या पेजवरून आलात ते परवानगी नसलेल्या ठिकाणी परत जाण्यास सांगते. आपल्या खात्यात काहीही झालेले नाही.',
  },
  pa: {
    title: 'ਸਾਈਨ ਇਨ',
    console: 'ਐਡਮਿਨ ਕੰਸੋਲ',
    noScript: 'ਸਾਈਨ ਇਨ ਕਰਨ ਲਈ ਬ੍ਰਾਊਜ਼ਰ ਵਿੱਚ JavaScript ਚਾਲੂ ਕਰੋ ਅਤੇ ਇਹ ਪੰਨਾ ਮੁੜ ਲੋਡ ਕਰੋ।',
    refused: 'ਇਹ ਲਿੰਕ ਕੰਮ ਨਹੀਂ ਕਰਦਾ',
    refusedWhy: 'ਤੁਸੀਂ ਜਿਸ ਪੰਨੇ ਤੋਂ ਆਏ ਹੋ, ਉਹ ਅਜਿਹੀ ਥਾਂ ਵਾਪਸ ਜਾਣ ਲਈ ਕਹਿੰਦਾ ਹੈ ਜਿਸਦੀ ਇਜਾਜ਼ਤ ਨਹੀਂ। ਤੁਹਾਡੇ ਖਾਤੇ ਵਿੱਚ ਕੁਝ ਨਹੀਂ ਹੋਇਆ।',
  },
  pt: {
    title: 'Entrar',
    console: 'Console de administração',
    noScript: 'Para entrar, ative o JavaScript no navegador e recarregue esta página.',
    refused: 'Este link não funciona',
    refusedWhy:
      'A página de onde você vem pede o retorno a um lugar que não é permitido. Nada aconteceu com a sua conta.',
  },
  ru: {
    title: 'Вход',
    console: 'Консоль администратора',
    noScript: 'Чтобы войти, включите JavaScript в браузере и обновите эту страницу.',
    refused: 'Эта ссылка не работает',
    refusedWhy:
      'Страница, с которой вы пришли, просит вернуть вас туда, куда нельзя. С вашим аккаунтом ничего не произошло.',
  },
  ta: {
    title: 'உள்நுழைக',
    console: 'நிர்வாகப் பலகம்',
    noScript: 'உள்நுழைய, உலாவியில் JavaScript-ஐ இயக்கி இந்தப் பக்கத்தை மீண்டும் ஏற்றவும்.',
    refused: 'இந்த இணைப்பு வேலை செய்யவில்லை',
    refusedWhy: 'நீங்கள் வந்த பக்கம் அனுமதிக்கப்படாத இடத்திற்குத் திரும்பக் கேட்கிறது. உங்கள் கணக்கில் எதுவும் நடக்கவில்லை.',
  },
  te: {
    title: 'సైన్ ఇన్',
    console: 'అడ్మిన్ కన్సోల్',
    noScript: 'సైన్ ఇన్ చేయడానికి బ్రౌజర్‌లో JavaScript ఆన్ చేసి, ఈ పేజీని మళ్లీ లోడ్ చేయండి.',
    refused: 'ఈ లింక్ పని చేయదు',
    refusedWhy: 'మీరు వచ్చిన పేజీ అనుమతి లేని చోటికి తిరిగి పంపమని అడుగుతోంది. మీ ఖాతాలో ఏమీ జరగలేదు.',
  },
  ur: {
    title: 'سائن ان',
    console: 'ایڈمن کنسول',
    noScript: 'سائن ان کرنے کے لیے براؤزر میں JavaScript آن کریں اور یہ صفحہ دوبارہ لوڈ کریں۔',
    refused: 'یہ لنک کام نہیں کرتا',
    refusedWhy:
      'آپ جس صفحے سے آئے ہیں وہ ایسی جگہ واپس بھیجنا چاہتا ہے جس کی اجازت نہیں۔ آپ کے اکاؤنٹ میں کچھ نہیں ہوا۔',
  },
  zh: {
    title: '登录',
    console: '管理控制台',
    noScript: '请在浏览器中启用 JavaScript，然后重新加载此页面以登录。',
    refused: '此链接无法使用',
    refusedWhy: '您来自的页面要求返回一个不被允许的位置。您的账号没有发生任何变化。',
  },
  'zh-Hant': {
    title: '登入',
    console: '管理主控台',
    noScript: '請在瀏覽器中啟用 JavaScript，然後重新載入此頁面以登入。',
    refused: '此連結無法使用',
    refusedWhy: '您來自的頁面要求返回不被允許的位置。您的帳號沒有任何變動。',
  },
}

export const pageLocales = Object.keys(texts)
const find = createLanguageFinder(pageLocales)
const rightToLeft = ['ar', 'ur']

export type Spoken = PageText & Readonly<{ locale: string; direction: 'ltr' | 'rtl' }>

/**
 * The words for whoever reads these languages (BCP 47, the most wanted first).
 * @param fallback where it is none of ours; English where that is none either, as of languages that MESSAGES_DIR brought
 */
export function pageTextFor(languages: readonly string[], fallback: string): Spoken {
  const locale = find([...languages, fallback]) ?? 'en'
  return { ...(texts[locale] as PageText), locale, direction: rightToLeft.includes(locale) ? 'rtl' : 'ltr' }
}
