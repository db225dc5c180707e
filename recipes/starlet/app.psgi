use strict;
use warnings;
use Time::HiRes qw(sleep);

sub {
    my $env = shift;
    sleep 0.5 if $env->{PATH_INFO} eq "/slow";
    return [200, ["Content-Type" => "text/plain", "Content-Length" => 12], ["hello world\n"]];
};
