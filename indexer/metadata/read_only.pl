# Read by our ExifTool as its -config file: how it opens files, and nothing else.
#
# ExifTool's own Open is a two-argument open(). It lets the kernel note that the file was read,
# can run a name that ends in "|", and waits for ever at a FIFO that took a photograph's place.
# This one opens for reading alone, without a trace where the system lets us, whatever the name.

use strict;

{
    # While ExifTool loads this file, modules are looked for in the current folder first: a
    # Fcntl.pm lying among photographs must not be run.
    local @INC = grep { $_ ne '.' } @INC;
    require Errno;
    require Fcntl;
}

# Linux's; elsewhere reading a file may touch its access time.
my $no_atime = eval { Fcntl::O_NOATIME() } || 0;
my $reading = Fcntl::O_RDONLY() | Fcntl::O_NONBLOCK() | Fcntl::O_NOCTTY();

my $theirs = \&Image::ExifTool::Open;
my $open = sub ($*$;$) {
    my ($self, $handle, $name, $mode) = @_;
    delete $$self{TRUST_PIPE};
    if ($mode and $mode ne '<') {
        $! = Errno::EROFS();
        return undef;
    }
    # Our questions come on its stdin; a photograph's name begins with "/" or "./".
    return $self->$theirs($handle, $name) if $name eq '-';
    return 1 if sysopen($handle, $name, $reading | $no_atime);
    # Only the owner of a file may ask for O_NOATIME.
    return undef unless $no_atime and $! == Errno::EPERM();
    return sysopen($handle, $name, $reading);
};

{
    # That a sub is replaced is what is wanted.
    local $SIG{__WARN__} = sub { };
    no strict 'refs';
    *{'Image::ExifTool::Open'} = $open;
}

1;
