r"""Statements of servers in other languages than English, as ``wordings`` has the English ones. Pure.

Hosters and administrators in Germany, France, Spain, Italy, Portugal and Brazil, Poland, Russia, China, Taiwan, Japan and
elsewhere have their servers speak to senders in their own language, often without its accents. So words are compared
without accents (``folded``); here they are written either way. A statement is a noun with what is said of it, as in
``wordings``. In which charset a server says it is guessed before (``model/text/charsets``).
"""

from __future__ import annotations

import re
import unicodedata

from reconciler.rules.verification.vocabulary import Wording

_STROKES = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})


def folded(words: str) -> str:
    """Return words in small letters without accents.

    >>> folded("Użytkownik nie istnieje: boîte pleine, Größe")
    'uzytkownik nie istnieje: boite pleine, grosse'
    """
    return _without_accents(words.lower())


def _without_accents(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words.translate(_STROKES))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _says(code: str, *statements: str, steps: str = "") -> Wording:
    return Wording(re.compile(_without_accents("|".join(statements))), code, frozenset(steps.split()))


LANGUAGES: tuple[Wording, ...] = (
    _says(
        "greylisted",
        r"graue liste|liste grise|lista gris\b|lista grigia|lista cinza|szar(?:a|ej) list|серы. список|灰名单",
        r"グレイ?リスト|灰名單|szürkelist|greylist(?:e|ing) nedeniyle",
    ),
    _says(
        "blockListed",
        r"(?:schwarze[nr]?|sperr) ?-?liste|auf (?:einer|der) (?:blacklist|sperrliste)|gelistet (?:bei|auf|in)",
        r"liste noire|lista negra|lista nera|czarn(?:a|ej) lis(?:ta|cie)|(?:в|черн\w+) (?:черн\w+ )?списк\w+|黑名单",
        r"ブラックリスト|黑名單|zwarte lijst|černé listin|kara liste|feketelist|svart ?list|sortlist",
    ),
    _says(
        "reverseDnsMissing",
        r"reverse[- ]?dns (?:fehlt|ungultig)|kein(?:en)? (?:reverse|ptr)|(?:pas|absence) de reverse|sin (?:dns )?invers|反向解析",
        r"逆引き",
    ),
    # Before quotas of mailboxes are read as limits.
    _says(
        "mailboxFull",
        r"(?:postfach|mailbox|speicherplatz|kontingent)\b.{0,40}\b(?:voll|uberfullt|erschopft|uberschritten)",
        r"\bboite\b.{0,40}\bpleine|\bquota\b(?! d.envoi).{0,30}\b(?:depasse|atteint)|buzon (?:\w+ ){0,3}lleno|\bcasella\b.{0,40}\bpiena",
        r"caixa (?:postal |de (?:correio|entrada|e-?mail) )?(?:\w+ ){0,3}(?:cheia|lotada)|skrzynk\w+ .{0,40}(?:pelna|przepelnion\w+)|przekroczon\w+ (?:limit|pojemnosc) (?:\w+ ){0,2}skrzynki",
        r"(?:ящик|почтов\w+ ящик)\w* .{0,30}(?:переполнен|полон|заполнен)|邮箱(?:已满|空间不足|容量)|(?:收件箱|信箱)已?满",
        r"(?:メールボックス|容量|ディスク).{0,20}(?:いっぱい|一杯|超過|超え|オーバー)|(?:信箱|郵箱)(?:已滿|空間不足|容量)|사서함.{0,10}(?:가득|초과)|용량.{0,10}초과",
        r"postvak .{0,20}\bvol\b|mailbox (?:is|zit) vol\b|schránka .{0,20}(?:plná|zaplněna|přeplněna)|posta kutusu .{0,20}dolu|postafiók .{0,20}(?:megtelt|tele)|(?:brevlåda|postlåda|postkasse|postboks)\w* (?:är|er) (?:full|fuld)",
        steps="recipient message",
    ),
    _says(
        "messageTooLarge",
        r"(?:nachricht|mail|e-?mail|anhang|datei)\b.{0,30}\bzu (?:gross|gros)\b|maximale (?:nachrichten)?grosse",
        r"(?:message|courriel|piece jointe)\b.{0,30}\btrop (?:gros|volumineux|grand|lourd)|mensaje (?:\w+ ){0,3}demasiado grande|messaggio (?:\w+ ){0,3}troppo grande",
        r"mensagem (?:\w+ ){0,3}(?:muito|demasiado) grande|tamanho (?:maximo )?(?:\w+ ){0,3}excedido|wiadomosc (?:\w+ ){0,3}(?:za|zbyt) duz\w+|przekroczon\w+ (?:\w+ ){0,2}rozmiar",
        r"(?:сообщение|письмо) (?:\w+ ){0,2}слишком (?:велико|большое)|превышен (?:\w+ ){0,2}размер|邮件(?:过大|太大|大小超)",
        r"(?:メッセージ|メール|サイズ).{0,20}(?:大きすぎ|制限.{0,6}超|上限.{0,6}超)|郵件(?:過大|太大|大小超)|메(?:일|시지).{0,10}(?:너무 큽|크기.{0,6}초과)",
        r"bericht .{0,20}te groot|zpráva .{0,20}(?:příliš velká|překračuje)|(?:ileti|mesaj) .{0,20}çok büyük|az üzenet .{0,20}túl nagy|meddelande\w* .{0,20}för stort",
        steps="sender message recipient",
    ),
    _says(
        "rateLimited",
        r"zu viele (?:\w+ ){0,2}(?:verbindung|nachricht|mail|e-?mail|empfanger|anfrage|versuch)\w*",
        r"(?:versand|sende|tages|stunden|verbindungs)-?(?:limit|kontingent|quota)\b|(?:limit|grenze|maximal\w+ anzahl)\b.{0,40}\b(?:uberschritten|erreicht)",
        r"trop de (?:\w+ ){0,2}(?:connexions|messages|mails|courriels|destinataires|requetes)|(?:limite|quota) d.envois?\b|nombre maxim\w+ (?:de |d.)(?:messages|mails|courriels|envois|destinataires|connexions)|demasiad[oa]s (?:\w+ ){0,2}(?:conexiones|mensajes|correos|destinatarios)",
        r"troppe connessioni|troppi (?:messaggi|destinatari)|limite di invio|(?:muitas|excesso de) (?:conexoes|mensagens|destinatarios)|muitos destinatarios|(?:limite|cota) de envios?\b",
        r"zbyt (?:wiele|duzo) (?:\w+ ){0,2}(?:polacz\w+|wiadomosci|odbiorcow|prob)|przekroczon\w+ (?:\w+ ){0,3}(?:limit\w*|liczb\w+)\b.{0,40}\b(?:wysyl\w+|wiadomosci|polacz\w+|odbiorcow|dzien\w*|godzin\w*)|limit wysylk\w+",
        r"слишком много (?:\w+ ){0,2}(?:соединении|подключении|сообщении|писем|получателеи|попыток)|превышен\w* (?:\w+ ){0,3}(?:лимит|количеств\w+)|лимит (?:\w+ ){0,2}(?:отправк\w+|сообщении|писем)",
        r"(?:发信|发送|连接|投递)(?:的)?(?:频率|次数|数量)|频率(?:过高|限制|超限)|(?:发信|发送|投递|操作|连接)(?:邮件)?(?:过于|太)频繁|(?:发信|发送)邮件?(?:的)?(?:数量|次数)|超[过出](?:了)?(?:当日|每日|每天|每小时|单日)?(?:发信|发送|连接)",
        r"大量の?(?:送信|メール)|(?:接続|送信|メール|通数|リクエスト).{0,12}(?:多すぎ|制限を超|上限)|(?:發信|發送|連線|寄信)(?:的)?(?:頻率|次數|數量)|頻率(?:過高|限制)|(?:연결|발송|전송).{0,10}(?:너무 많|한도|초과)",
        r"te veel (?:\w+ ){0,2}(?:verbindingen|berichten|ontvangers)|příliš mnoho (?:\w+ ){0,2}(?:spojení|připojení|zpráv|příjemců)|çok fazla (?:\w+ ){0,2}(?:bağlantı|ileti|mesaj|alıcı)|túl sok (?:\w+ ){0,2}(?:kapcsolat|üzenet|címzett)|för många (?:\w+ ){0,2}(?:anslutningar|meddelanden|mottagare)",
    ),
    _says(
        "accountSuspended",
        r"\b(?:ihr|das|dieses) (?:\w+ )?(?:konto|postfach|account)\b.{0,40}\b(?:gesperrt|deaktiviert|gehackt)|versand\w* .{0,30}gesperrt|\benvois?\b.{0,20}\b(?:suspendu|bloque|desactive)\w*|отправк\w+ .{0,30}(?:заблокирован|приостановлен|отключен)\w*|(?:发信|发送)(?:功能)?(?:已)?(?:被)?(?:暂停|停用|禁用|限制)|暂停(?:发信|发送)",
        r"\b(?:votre|le) compte\b.{0,40}\b(?:suspendu|bloque|desactive)|\b(?:su|la) cuenta\b.{0,40}\b(?:suspendida|bloqueada|desactivada)|account (?:\w+ )?(?:sospeso|bloccato)",
        r"\b(?:sua|a) conta\b.{0,40}\b(?:suspensa|bloqueada|desativada)|kont\w+ .{0,30}(?:zablokowan\w+|zawieszon\w+)|(?:учетн\w+ запис\w+|аккаунт)\b.{0,30}(?:заблокирован\w*|приостановлен\w*)",
        r"(?:帐号|账号|帐户|账户|发件人)(?:已)?(?:被)?(?:锁定|冻结|禁用|停用|封禁)",
        r"(?:アカウント|ユーザー?).{0,12}(?:停止|凍結|ロック|無効)|(?:帳號|帳戶|用戶)(?:已)?(?:被)?(?:鎖定|凍結|停用|停權)|계정.{0,8}(?:정지|잠|차단)",
        r"(?:uw|dit) account .{0,20}(?:geblokkeerd|opgeschort)|účet .{0,20}(?:zablokován|pozastaven)|hesab\w* .{0,20}(?:askıya|kilitlen|engellen)\w*|ditt konto .{0,20}(?:spärrat|avstängt)",
        steps="sender message",
    ),
    _says(
        "encryptionRequired",
        r"(?:verschlusselt\w*|verschlusselung|tls|ssl)\b.{0,40}\b(?:erforderlich|notwendig|benotigt|pflicht)|(?:chiffrement|connexion (?:chiffree|securisee)|tls|ssl)\b.{0,30}\b(?:requise?|obligatoire|necessaire)|(?:zuerst|erst|bitte|muss|mussen) (?:\w+ ){0,2}(?:starttls|tls|ssl)\b|unverschlusselte\w* (?:verbindung\w*|\w+) (?:\w+ ){0,2}(?:nicht|verboten|abgelehnt)",
        r"(?:szyfrowan\w+|tls|ssl)\b.{0,30}\bwymagan\w+|(?:требуется|необходимо|нужно) (?:\w+ )?(?:шифрован\w+|зашифрован\w+|защищ[её]нн\w+ (?:соединени|подключени)\w*|tls|ssl)|cifrado (?:requerido|obligatorio)|(?:requiere|necesita|usar?) (?:una )?(?:conexion|sesion) (?:segura|cifrada)|conexion (?:segura|cifrada) (?:requerida|obligatoria)|wymagan\w+ (?:\w+ ){0,2}(?:szyfrowan\w+|tls|ssl)|(?:criptografia|tls|ssl) (?:obrigatori|necessari)\w+",
        r"(?:需要|请|請|必须|必須)(?:先)?(?:使用|启用|啟用|用)?\s?(?:加密|安全连接|安全連接|(?:start)?tls|ssl)|(?:暗号化|tls|ssl).{0,10}(?:必要|必須)|(?:versleuteling|tls|ssl) (?:is )?vereist|(?:šifrování|tls|ssl) .{0,12}(?:vyžadováno|nutné)|(?:şifreleme|tls|ssl) (?:gerekli|zorunlu)",
    ),
    _says(
        "authenticationRequired",
        r"(?:anmeldung|authentifizierung|authentisierung|smtp-?auth)\b.{0,30}\b(?:erforderlich|notwendig|benotigt|notig)|nicht (?:angemeldet|authentifiziert|eingeloggt)|bitte (?:zuerst |erst |vorher )?(?:anmelden|authentifizieren|einloggen|melden sie sich .{0,10}\ban\b|loggen sie sich .{0,10}\bein\b)",
        r"authentification (?:smtp )?(?:requise|obligatoire|necessaire)|(?:vous devez|veuillez) (?:vous )?authentifier|non authentifie|autenticacion (?:smtp )?(?:requerida|necesaria|obligatoria)|autenticazione (?:smtp )?(?:richiesta|necessaria|obbligatoria)",
        r"autenticacao (?:smtp )?(?:necessaria|requerida|obrigatoria)|(?:nao|usuario nao) autenticado|wymagan\w+ (?:\w+ )?(?:autoryzacj\w+|autentykacj\w+|uwierzytelni\w+|logowani\w+)|(?:autoryzacj\w+|uwierzytelni\w+|logowanie) (?:\w+ )?(?:jest )?wymagan\w+|niezalogowan\w+|nie (?:jestes|jest) (?:zalogowan\w+|uwierzytelnion\w+)",
        r"(?:требуется|необходим\w+|нужна) (?:\w+ )?(?:авторизаци\w+|аутентификаци\w+)|не (?:авторизован|аутентифицирован)\w*|(?:需要|请先|必须先?)(?:进行)?(?:身份)?(?:认证|验证|登录)|未(?:登录|认证|通过身份验证)",
        r"(?:認証|ログイン|smtp-?auth).{0,8}(?:必要|必須|してください|されていません)|(?:需要|請先|必須先?)(?:進行)?(?:身[份分])?(?:認證|驗證|登入)|未(?:登入|認證|通過驗證)|인증.{0,6}(?:필요|하십시오|되지)|로그인.{0,6}필요",
        r"authenticatie (?:is )?(?:vereist|verplicht|nodig)|niet (?:aangemeld|geauthenticeerd|ingelogd)|(?:ověření|autentizace|přihlášení) .{0,12}(?:vyžadováno|vyžadována|nutné|nutná)|kimlik doğrulama\w* (?:gerekli|zorunlu)|hitelesítés szükséges|autentisering krävs|inloggning krävs|godkendelse (?:er )?påkrævet|autentisering (?:er )?påkrevd",
    ),
    _says(
        "relayingDenied",
        r"(?:relaying|relayen|weiterleitung|weiterleiten)\b.{0,30}\b(?:verweigert|nicht (?:erlaubt|gestattet|zulassig)|abgelehnt|verboten)|\brelais?\b.{0,30}\b(?:refuse|interdit|non autorise)",
        r"(?:relay|retransmision|reenvio|inoltro)\b.{0,30}\b(?:denegado|no permitido|non (?:consentito|permesso)|negado|nao permitid[oa])|przekazywani\w+ (?:poczty )?.{0,30}(?:zabronion\w+|niedozwolon\w+|odmow\w+)",
        r"(?:пересылка|ретрансляция|релеи) .{0,30}(?:запрещен\w*|отклонен\w*)|(?:禁止|拒绝|不允许)(?:转发|中继)",
        r"(?:中継|リレー).{0,10}(?:拒否|禁止|許可されて|できません)|(?:禁止|拒絕|不允許)(?:轉發|轉寄|中繼)|릴레이.{0,10}(?:거부|금지)|relay(?:en)? (?:is )?niet toegestaan|relay .{0,12}(?:není povolen|izin verilmiyor|engellendi)",
        steps="recipient message sender",
    ),
    _says(
        "senderRefused",
        r"(?:absender|absenderadresse|absendeadresse)\b.{0,40}\b(?:gehort (?:nicht|ihnen)|stimmt nicht|abgelehnt|verweigert|nicht (?:erlaubt|gestattet|zulassig|berechtigt|akzeptiert|vorhanden)|ungultig|unbekannt|gesperrt|unzulassig)|(?:ungultige\w?|unbekannte\w?|unzulassige\w?) absender\w*",
        r"(?:expediteur|emetteur)\b.{0,40}\b(?:refuse|rejete|invalide|non autorise|inconnu|interdit)|(?:remitente|mittente|remetente)\b.{0,40}\b(?:rechazado|no (?:permitido|valido|autorizado)|rifiutato|non (?:autorizzato|valido|consentito)|rejeitado|recusado|invalido|nao (?:autorizado|permitido))",
        r"(?:adres )?nadawc\w+ .{0,40}(?:nie (?:zgadza sie|nalezy|odpowiada|pasuje)|odrzucon\w+|zabronion\w+|niedozwolon\w+|nieprawidlow\w+|nieznan\w+|zablokowan\w+)|nieprawidlow\w+ (?:adres )?nadawc\w+|отправител\w+ .{0,40}(?:отклонен\w*|запрещен\w*|неверн\w+|не (?:разрешен|существует)\w*)|(?:неверн\w+|недопустим\w+) (?:адрес )?отправител\w+",
        r"(?:发件人|发信人)(?:地址)?(?:.{0,10})(?:不(?:存在|合法|匹配|一致|允许)|被?拒绝|无效|必须)",
        r"(?:送信者|差出人|送信元)(?:の)?(?:メール)?(?:アドレス)?.{0,12}(?:拒否|不正|無効|許可され|一致しま|存在しま)|(?:寄件人|寄件者|發件人)(?:地址)?(?:.{0,10})(?:不(?:存在|合法|符|允許)|被?拒絕|無效|錯誤)|(?:발신자|보내는 사람|보낸 사람).{0,12}(?:거부|잘못|허용되지)",
        r"afzender(?:adres)? .{0,20}(?:geweigerd|niet toegestaan|ongeldig|onbekend)|odesílatel\w* .{0,20}(?:odmítnut|zamítnut|neplatn|není povolen|neexistuje)\w*|gönder(?:ici|en) .{0,20}(?:reddedildi|geçersiz|izin verilmiyor)|geçersiz gönder\w+|a feladó .{0,20}(?:elutasítva|érvénytelen)|avsändar\w+ .{0,20}(?:nekad|ogiltig|avvisad|tillåts inte)",
        steps="sender recipient message",
    ),
    _says(
        "recipientRefused",
        r"(?:empfanger|empfangeradresse|benutzer|anwender|adressat|postfach|adresse|mailbox)\b.{0,40}\b(?:unbekannt|nicht (?:gefunden|bekannt|vorhanden|erreichbar|verfugbar|existent)|existiert nicht|nicht existiert|ungultig|abgelehnt)|(?:unbekannte\w?|ungultige\w?|kein\w?) (?:empfanger|benutzer|postfach|adress)\w*",
        r"(?:destinataire|utilisateur|adresse|boite)\b.{0,50}\b(?:inconnue?|invalide|inexistante?|introuvable|n.existe pas|refuse|rejete)|(?:destinatario|usuario|buzon|cuenta|utente|casella)\b.{0,40}\b(?:desconocido|no (?:existe|encontrado|valido)|invalido|inexistente|sconosciuto|non (?:esiste|trovato|valido)|desconhecido|nao (?:existe|encontrado))",
        r"(?:odbiorc\w+|uzytkownik\w*|adresat\w*|adres|skrzynk\w+|konto) (?:\S+ ){0,3}(?:nie istnieje|nieznan\w+|nie znaleziono|nieprawidlow\w+|odrzucon\w+|nie zostal\w* znalezion\w+)|(?:nieznan\w+|nieprawidlow\w+|brak|nie ma) (?:takiego )?(?:odbiorc\w+|uzytkownik\w*|adresat\w*|skrzynk\w+|konta)",
        r"(?:получател\w+|пользовател\w+|адресат\w*|ящик\w*) .{0,40}(?:не (?:наиден\w*|существует)|неизвест\w+|отклонен\w*|недоступен)|(?:неизвестн\w+|несуществующ\w+|нет такого) (?:получател\w+|пользовател\w+|адресат\w*|ящик\w*)",
        r"(?:收件人|用户|帐号|账号|邮箱|信箱)(?:地址)?(?:.{0,6})(?:不存在|无效|未找到|找不到|未知)|(?:无此|没有(?:此|该|这个)|查无)(?:收件人|用户|帐号|账号|邮箱|人)",
        r"(?:宛先|受信者|ユーザー?|メールアドレス|メールボックス)(?:の)?(?:アドレス)?.{0,12}(?:存在しま|見つかりま|不明|無効|拒否|ありません)|(?:該当|存在しない)(?:する)?(?:ユーザー?|宛先)|(?:收件人|收件者|使用者|用戶|帳號|信箱|郵箱)(?:地址)?(?:.{0,6})(?:不存在|無效|未找到|找不到|未知|錯誤)|(?:無此|沒有(?:此|該|這個)|查無)(?:收件人|使用者|用戶|帳號|信箱)|(?:수신자|사용자|받는 사람|메일함).{0,10}(?:없|찾을 수|존재하지)",
        r"(?:ontvanger|gebruiker|postvak|adres) .{0,30}(?:onbekend|bestaat niet|niet gevonden|ongeldig|geweigerd)|onbekende (?:ontvanger|gebruiker)|(?:uživatel|příjemce|schránka|adresát|adresa) .{0,30}(?:neexistuje|nenalezen\w*|neznám\w+|odmítnut\w*|neplatn\w+)|neznám\w+ (?:příjemce|uživatel|adresát)|(?:kullanıcı|alıcı|adres|posta kutusu) .{0,20}(?:bulunamadı|mevcut değil|geçersiz|yok|reddedildi)|(?:felhasználó|címzett|postafiók) .{0,20}(?:nem létezik|ismeretlen|nem található)|ismeretlen (?:felhasználó|címzett)|(?:användaren|mottagaren|brugeren|modtageren|mottakeren|brukeren) .{0,20}(?:finns inte|okänd|ukendt|ukjent|findes ikke|finnes ikke|eksisterer ikke)|okänd (?:mottagare|användare)",
        steps="recipient message",
    ),
    _says(
        "spamSuspected",
        r"als (?:spam|werbung) (?:\w+ )?(?:eingestuft|erkannt|klassifiziert)|spam-?verdacht|(?:considere|detecte|identifie) comme (?:du )?(?:spam|indesirable|pourriel)|courrier indesirable|considerado (?:como )?spam|correo no deseado",
        r"(?:identificad|classificad|considerad)[ao] como (?:spam|lixo)|riconosciuto come spam|(?:uznan\w+|rozpoznan\w+|zakwalifikowan\w+|oznaczon\w+) (?:za|jako) spam|подозрени\w+ (?:на|в) спам\w*|(?:как|за) спам\b|(?:похоже на|является|содержит|признано) спам\w*|спам-?сообщени\w+|垃圾邮件|疑似垃圾|可疑邮件|投诉",
        r"(?:スパム|迷惑メール)|垃圾郵件|스팸|als spam (?:aangemerkt|gemarkeerd|herkend)|(?:vyhodnocen\w*|označen\w*) jako spam|(?:istenmeyen|spam) olarak",
        r"podejrzeni\w+ .{0,12}\bspam\w*|(?:odrzucon|zablokowan|abgelehn|verweiger|rechazad|refus|rejeitad|rifiutat)\w* .{0,30}\bspam(?:u|em)?\b",
        steps="sender recipient message greeting",
    ),
    _says(
        "serverTrouble",
        r"(?:vorubergehend\w*|temporare\w*|intern(?:er|e|es)|technisch\w*|lokal\w*) (?:\w+ )?(?:fehler|storung|problem)\w*|(?:derzeit|momentan|vorubergehend) (?:nicht (?:verfugbar|erreichbar|moglich)|gestort)|wartungsarbeiten",
        r"(?:erreur|probleme) (?:\w+ )?(?:interne|temporaire|technique)|(?:temporairement|momentanement) indisponible|error (?:interno|temporal) |errore (?:interno|temporaneo)|(?:erro|falha) (?:interno|interna|temporari[oa])",
        r"(?:blad|awaria) (?:\w+ )?(?:wewnetrzn\w+|tymczasow\w+|serwera|systemu)|(?:tymczasow\w+|wewnetrzn\w+) (?:\w+ )?(?:blad|problem|awari)\w*|(?:внутренняя|временная|техническая) ошибк\w*|временно недоступ\w+|系统(?:繁忙|错误|忙|内部)|服务器(?:繁忙|忙|内部|错误)|暂时(?:不可用|无法)",
        r"(?:一時的な|内部|システム|サーバーの?|サーバの?)(?:の)?(?:エラー|障害)|メンテナンス中|系統(?:繁忙|錯誤|忙碌)|伺服器(?:繁忙|錯誤)|暫時(?:無法|不可用)|일시적(?:인|으로)|내부 오류|(?:tijdelijke|interne) (?:fout|storing)|(?:dočasná|vnitřní|interní) chyba|geçici (?:bir )?hata|(?:tillfälligt|internt) fel|(?:ideiglenes|átmeneti|belső) hiba",
    ),
    _says(
        "serverRefused",
        r"(?:ihre|die|diese) (?:\w+ )?(?:ip|ip-?adresse)\b.{0,40}\b(?:gesperrt|blockiert|abgelehnt|nicht (?:erlaubt|zugelassen))|adresse ip (?:\w+ ){0,2}(?:bloquee|refusee|interdite)|(?:su|la|sua|seu|o) (?:direccion |endereco )?ip\b.{0,30}\b(?:bloquead[ao]|rechazad[ao]|recusad[ao])|indirizzo ip (?:\w+ )?bloccato",
        r"(?:adres )?ip (?:\S+ ){0,2}(?:jest |zostal )?zablokowan\w+|ip-?адрес\w* .{0,30}(?:заблокирован|запрещен)\w*|(?:ip|地址)(?:地址)?(?:.{0,6})(?:被(?:拒绝|封|屏蔽|禁止|限制))",
    ),
    _says(
        "policyRefused",
        r"(?:gegen|wegen) .{0,20}richtlinien?\b|por (?:\w+ ){0,2}(?:política|directiva)s?\b|(?:politique|stratégie) (?:de sécurité|du serveur|locale)|(?:política|norma)s? (?:de segurança|do servidor)",
        r"polityk\w+ (?:bezpieczeństwa|serwera|antyspam\w*)|политик\w+ (?:безопасности|сервера)|(?:安全|服务器|本地|反垃圾)策略|ポリシー",
        steps="sender recipient message",
    ),
)
"""In the order in which they are asked, before the English ones: servers often say both."""
