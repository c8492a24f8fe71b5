# Takes mails apart with MIME-tools, which shares no line with Python's email package: their files as arguments, one
# JSON list on standard output. Words in headers are decoded; bodies are hexadecimal.
use strict;
use warnings;
use JSON::PP;
use MIME::Parser;
use MIME::Words qw(decode_mimewords);

sub decoded {
    my ($text) = @_;
    $text =~ s/\n(?=[ \t])//g;    # unfolded (RFC 5322 2.2.3)
    chomp $text;
    return join '', map { defined $_->[1] ? Encode::decode($_->[1], $_->[0]) : $_->[0] } decode_mimewords($text);
}

sub part {
    my ($entity) = @_;
    my @fields;
    foreach my $name ($entity->head->tags) {
        push @fields, [$name, decoded($_)] foreach $entity->head->get_all($name);
    }
    my $body = $entity->bodyhandle ? $entity->bodyhandle->as_string : '';
    return {
        type     => $entity->effective_type,
        charset  => $entity->head->mime_attr('content-type.charset'),
        report   => $entity->head->mime_attr('content-type.report-type'),
        filename => $entity->head->recommended_filename,
        fields   => \@fields,
        body     => unpack('H*', $body),
        parts    => [map { part($_) } $entity->parts],
        preamble => join('', @{ $entity->preamble || [] }),
        epilogue => join('', @{ $entity->epilogue || [] }),
    };
}

require Encode;
my @mails;
foreach my $file (@ARGV) {
    my $parser = MIME::Parser->new;
    $parser->output_to_core(1);
    $parser->tmp_to_core(1);
    $parser->extract_nested_messages(0);
    my $mail = part($parser->parse_open($file));
    $mail->{complaints} = [map { "$_" } $parser->results->errors, $parser->results->warnings];
    push @mails, $mail;
}
print JSON::PP->new->ascii->encode(\@mails);
