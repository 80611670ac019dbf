package dev.lora4j.serve.api;

import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/** The keys that clients may use; compared in constant time and never shown. */
public final class ApiKeys {
  private static final String SCHEME = "Bearer ";

  private final List<byte[]> keys;

  private ApiKeys(List<byte[]> keys) {
    this.keys = keys;
  }

  /**
   * Reads a file with one key per line.
   *
   * @throws UserError if the file can't be read or contains no key
   */
  public static ApiKeys read(Path file) {
    try {
      List<byte[]> keys =
          Files.readAllLines(file).stream()
              .map(String::strip)
              .filter(line -> !line.isEmpty())
              .map(line -> line.getBytes(StandardCharsets.UTF_8))
              .toList();
      if (keys.isEmpty()) {
        throw new UserError(file + ": expected one key per line, found none");
      }
      return new ApiKeys(keys);
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  /** Refuses a request without one of the keys. */
  void require(Exchange exchange) {
    String header = exchange.authorization();
    byte[] given =
        (header.startsWith(SCHEME) ? header.substring(SCHEME.length()) : "")
            .getBytes(StandardCharsets.UTF_8);
    boolean known = false;
    for (byte[] key : keys) {
      known |= MessageDigest.isEqual(key, given);
    }
    if (!known) {
      throw new ApiException(
          401, "invalid_request_error", "Incorrect API key provided.", null, "invalid_api_key");
    }
  }
}
