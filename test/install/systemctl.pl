#!/usr/bin/perl
# Stands for systemctl and the service manager in a root without systemd: knows one unit, runs its ExecStart as nobody
# with a real notify socket and a copy of its credentials, restarts it, and notes every call.
use strict;
use warnings;
use POSIX qw(setsid setuid setgid :sys_wait_h);
use Socket;

my $unit   = 'tars-client.service';
my $run    = '/run/fake-systemd';
my $loaded = "$run/unit";
mkdir $run;
chmod 0755, $run;
note('calls', join(' ', @ARGV) . "\n");

my ($value, $property, $now) = ('', '', '');
my @words;
for (@ARGV) {
    if    ($_ eq '--now')           { $now = 1 }
    elsif (/^(?:--property=|-p)(.+)/) { $property = $1 }
    elsif (!/^-/)                   { push @words, $_ }
}
my $verb = shift @words // '';

if    ($verb eq 'daemon-reload') { reload() }
elsif ($verb =~ /^(?:enable|preset)$/) { system('mkdir', '-p', wants() =~ m{(.*)/}); symlink path(), wants() }
elsif ($verb eq 'disable')       { unlink wants(); stop() if $now }
elsif ($verb eq 'is-enabled')    { exit(-l wants() ? 0 : 1) }
elsif ($verb eq 'is-active')     { exit(state() eq 'active' ? 0 : 3) }
elsif ($verb eq 'show')          { show() }
elsif ($verb eq 'start')         { start() }
elsif ($verb eq 'stop')          { stop() }
elsif ($verb eq 'reset-failed')  { put('ActiveState', 'inactive') if state() eq 'failed' }
else                             { die "systemctl: $verb is not known here\n" }
exit 0;

sub wants { "/etc/systemd/system/multi-user.target.wants/$unit" }
sub path  { (grep { -e } "/etc/systemd/system/$unit", "/usr/lib/systemd/system/$unit")[0] }
sub note  { my ($name, $text) = @_; open my $f, '>>', "$run/$name" or die; print $f $text }
sub put   { my ($name, $text) = @_; open my $f, '>', "$run/$name.new" or die; print $f $text; close $f; rename "$run/$name.new", "$run/$name" }
sub get   { my ($name) = @_; open my $f, '<', "$run/$name" or return ''; local $/; scalar <$f> // '' }
sub state { get('ActiveState') || 'inactive' }

sub reload {
    unlink $loaded;
    my $path = path() or return;
    open my $f, '<', $path or die;
    local $/;
    put('unit', scalar <$f>);
}

sub show {
    for my $name (split /,/, $property) {
        my $shown = $name eq 'ActiveState' ? state() : $name eq 'LoadState' ? (-e $loaded ? 'loaded' : 'not-found') : get($name);
        print grep({ $_ eq '--value' } @ARGV) ? "$shown\n" : "$name=$shown\n";
    }
}

sub setting { my ($name) = @_; my ($line) = get('unit') =~ /^\Q$name\E=(.*)$/m; $line // '' }

sub start {
    -e $loaded or die "Failed to start $unit: Unit $unit not found.\n";
    return if state() =~ /^act/;
    my ($folder) = setting('LoadCredential') =~ /:(.*)/;
    if (!-d $folder) { put('ActiveState', 'failed'); return }
    put('ActiveState', 'activating');
    put('StatusText', '');
    pipe(my $told, my $tell) or die;
    defined(my $pid = fork) or die;
    if ($pid) { put('supervisor', $pid); close $tell; return }
    close $tell;
    readline $told; # until the supervisor is on record
    setsid();
    open STDIN,  '<',  '/dev/null';
    open STDOUT, '>>', "$run/journal";
    open STDERR, '>&', \*STDOUT;
    supervise($folder);
    unlink "$run/supervisor";
    exit 0;
}

sub stop {
    my $pid = get('supervisor') or return put('ActiveState', 'inactive');
    kill 'TERM', $pid;
    for (1 .. 200) { last unless -e "$run/supervisor"; select undef, undef, undef, 0.05 }
    put('ActiveState', 'inactive');
}

sub supervise {
    my ($credentials) = @_;
    unlink "$run/notify";
    socket(my $ear, PF_UNIX, SOCK_DGRAM, 0) or die;
    bind($ear, sockaddr_un("$run/notify")) or die;
    chmod 0777, "$run/notify";
    my $stopping = 0;
    my $child    = launch($credentials);
    $SIG{TERM} = sub { $stopping = 1; kill 'TERM', $child };
    while (1) {
        my $bits = '';
        vec($bits, fileno($ear), 1) = 1;
        if (select($bits, undef, undef, 0.2) > 0 && defined recv($ear, my $text, 65536, 0)) {
            put('StatusText', $1)        if $text =~ /^STATUS=(.*)$/m;
            put('ActiveState', 'active') if $text =~ /^READY=1$/m;
        }
        next unless waitpid($child, WNOHANG) == $child;
        my $code = $? >> 8;
        last if $stopping;
        if ($code == setting('RestartPreventExitStatus')) { put('ActiveState', 'failed'); last }
        put('ActiveState', 'activating');
        select undef, undef, undef, 0.5;
        last if $stopping;
        $child = launch($credentials);
    }
}

sub launch {
    my ($credentials) = @_;
    my ($nobody, $nogroup) = (65534, 65534);
    system('rm', '-rf', "$run/credentials");
    mkdir "$run/credentials";
    for my $file (glob "$credentials/*") {
        my ($name) = $file =~ m{([^/]+)$};
        system('cp', $file, "$run/credentials/tars_$name");
        chown $nobody, $nogroup, "$run/credentials/tars_$name";
    }
    my $kept = '/var/lib/' . setting('StateDirectory');
    mkdir $kept;
    chown $nobody, $nogroup, $kept;
    defined(my $pid = fork) or die;
    return $pid if $pid;
    %ENV = (
        PATH                  => '/usr/local/bin:/usr/bin:/bin',
        NOTIFY_SOCKET         => "$run/notify",
        CREDENTIALS_DIRECTORY => "$run/credentials",
        STATE_DIRECTORY       => $kept,
    );
    chdir setting('WorkingDirectory') or POSIX::_exit(200);
    $) = "$nogroup $nogroup";
    setgid($nogroup);
    setuid($nobody);
    exec split ' ', setting('ExecStart') or POSIX::_exit(203);
}
