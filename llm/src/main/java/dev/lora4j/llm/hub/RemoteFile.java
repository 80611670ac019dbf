package dev.lora4j.llm.hub;

import dev.lora4j.io.TensorDigest;
import dev.lora4j.io.download.Checksum;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * A file of a Hub repository.
 *
 * @param name its path in the repository
 * @param etag the entity tag, which identifies the content if it is a hash
 * @param size in bytes, if the Hub reports it
 * @param source the address of the file in its commit
 */
record RemoteFile(String name, String etag, OptionalLong size, URI source) {
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern GIT_SHA_1 = Pattern.compile("[0-9a-f]{40}");
  // A tag is used as a file name.
  private static final Pattern ETAG = Pattern.compile("\\w[\\w.-]{0,127}");

  /**
   * Reads the answer to a HEAD request.
   *
   * @param redirect whether it is a redirect, whose own tag and length are not the file's
   */
  static RemoteFile of(
      String name, String commit, URI source, HttpHeaders headers, boolean redirect)
      throws IOException {
    String found = headers.firstValue("X-Repo-Commit").orElse("nothing");
    if (!found.equalsIgnoreCase(commit)) {
      throw new IOException("expected X-Repo-Commit " + commit + ", found " + found);
    }
    String etag = stripped(tag(headers, redirect));
    if (!ETAG.matcher(etag).matches()) {
      throw new IOException("expected an ETag that is a hash, found \"" + etag + "\"");
    }
    return new RemoteFile(name, etag, size(headers, redirect), source);
  }

  /**
   * Returns the name of the content in the cache: its hash, or else a hash of address, commit, tag
   * and size, because other servers may give several files the same tag.
   */
  String blob() {
    if (checksum().isPresent()) {
      return etag;
    }
    byte[] identity = (source + " " + etag + " " + size).getBytes(StandardCharsets.UTF_8);
    return "lora4j-" + HexFormat.of().formatHex(TensorDigest.sha256().digest(identity));
  }

  /** Returns the checksum that the tag is: SHA-256, or Git's hash of a small file. */
  Optional<Checksum> checksum() {
    if (SHA_256.matcher(etag).matches()) {
      return Optional.of(Checksum.sha256(etag));
    }
    return GIT_SHA_1.matcher(etag).matches()
        ? Optional.of(Checksum.gitBlob(etag))
        : Optional.empty();
  }

  /** Returns whether an answer describes the file; a redirect may not. */
  static boolean isDescribedBy(HttpHeaders headers, boolean redirect) {
    boolean commit = headers.firstValue("X-Repo-Commit").isPresent();
    return !redirect || (commit && !tag(headers, true).isEmpty());
  }

  private static String tag(HttpHeaders headers, boolean redirect) {
    return headers
        .firstValue("X-Linked-Etag")
        .or(() -> headers.firstValue("ETag").filter(t -> !redirect))
        .orElse("");
  }

  private static OptionalLong size(HttpHeaders headers, boolean redirect) throws IOException {
    try {
      OptionalLong linked = headers.firstValueAsLong("X-Linked-Size");
      OptionalLong size =
          linked.isPresent() || redirect ? linked : headers.firstValueAsLong("Content-Length");
      if (size.isPresent() && size.getAsLong() < 0) {
        throw new IOException("expected a size, found " + size.getAsLong());
      }
      return size;
    } catch (NumberFormatException e) {
      throw new IOException("expected a size, found " + e.getMessage(), e);
    }
  }

  private static String stripped(String tag) {
    String strong = tag.startsWith("W/") ? tag.substring(2) : tag;
    return strong.replaceAll("^\"|\"$", "");
  }
}
