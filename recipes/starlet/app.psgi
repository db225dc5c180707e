use strict;
use warnings;
use IO::Handle;
use Time::HiRes qw(sleep);

# Starlet waits for connections in accept(2); on a descriptor that does not block it would spin.
our $web = IO::Handle->new_from_fd(3, "r"); # a global, because it would be closed when it goes
$web->blocking(1);

warn "ready\n"; # for rota.yaml: what follows is a fork away

sub {
    my $env = shift;
    sleep 0.5 if $env->{PATH_INFO} eq "/slow";
    return [200, ["Content-Type" => "text/plain", "Content-Length" => 12], ["hello world\n"]];
};
