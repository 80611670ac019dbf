package dev.lora4j.models.hub;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * What a Hub says of one file.
 *
 * @param name in the repository
 * @param etag names the content: its SHA-256 for a large file, its Git hash for a small one
 * @param size in bytes, where the Hub says it
 */
record RemoteFile(String name, String etag, OptionalLong size) {
  // It becomes a file name.
  private static final Pattern ETAG = Pattern.compile("\\w[\\w.-]{0,127}");

  /**
   * Reads the answer to a HEAD request.
   *
   * @param redirect whether it points elsewhere, where tag and length are of the pointer
   */
  static RemoteFile of(String name, String commit, HttpHeaders headers, boolean redirect)
      throws IOException {
    String found = headers.firstValue("X-Repo-Commit").orElse("nothing");
    if (!found.equalsIgnoreCase(commit)) {
      throw new IOException("expected X-Repo-Commit " + commit + ", found " + found);
    }
    String etag = stripped(tag(headers, redirect));
    if (!ETAG.matcher(etag).matches()) {
      throw new IOException("expected an ETag that is a hash, found \"" + etag + "\"");
    }
    return new RemoteFile(name, etag, size(headers, redirect));
  }

  /** Whether an answer says enough: one that only points elsewhere does not. */
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
