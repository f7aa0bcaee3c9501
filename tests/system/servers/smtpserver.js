// nodemailer's smtp-server with a port for each way of setting it up; the settings are a JSON file, named on the
// command line: {modules, ports, users, mailboxes, certificate}.
'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf-8'));
const { SMTPServer } = createRequire(settings.modules)('smtp-server');
const pem = fs.readFileSync(settings.certificate);

const refused = (text, code) => Object.assign(new Error(text), { responseCode: code });

const common = {
    key: pem,
    cert: pem,
    hideSTARTTLS: false,
    disableReverseLookup: true,
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth(auth, session, done) {
        const password = settings.users[auth.username] ?? '';
        const known = auth.validatePassword ? auth.validatePassword(password) : password === auth.password;
        done(known ? null : new Error('Invalid username or password'), { user: auth.username });
    },
    onMailFrom(address, session, done) {
        if (session.user && session.user !== address.address) {
            return done(refused('Only ' + session.user + ' is allowed to send mail', 550));
        }
        return done();
    },
    onRcptTo(address, session, done) {
        if (!session.user && !address.address.endsWith('@example.com')) {
            return done(refused('Relaying is for users who are logged in', 550));
        }
        if (address.address.endsWith('@example.com') && !settings.mailboxes.includes(address.address)) {
            return done(refused('No such mailbox: ' + address.address, 550));
        }
        return done();
    },
    onData(stream, session, done) {
        stream.on('end', () =>
            done(stream.sizeExceeded ? refused('Message exceeds fixed maximum message size', 552) : null, 'kept')
        );
        stream.resume();
    },
};

const different = {
    starttls: {},
    tls: { secure: true },
    open: { authOptional: true, hideSTARTTLS: true, allowInsecureAuth: true },
    cramOnly: { authMethods: ['CRAM-MD5'] },
    small: { size: 200 },
    closed: { onConnect: (session, done) => done(refused('No connections from here', 554)) },
};

for (const [name, port] of Object.entries(settings.ports)) {
    const server = new SMTPServer({ ...common, ...different[name] });
    server.on('error', () => {}); // clients that break off are what tests are about
    server.listen(port, '127.0.0.1');
}
