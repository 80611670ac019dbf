package dev.lora4j.serve.http;

import java.util.List;
import java.util.Locale;

/**
 * Protects a server without keys from web pages: only its own page, and those of {@link
 * CorsOrigins}, may send requests, and a page that gives a public domain name this machine's
 * address (DNS rebinding) is not its own.
 */
public final class PageOrigins {
  private static final String IP_ADDRESS = "[0-9.]+|\\[?[0-9a-f:.]+]?";
  private static final String LOOPBACK = "localhost|.+\\.localhost|127\\.[0-9.]+|\\[?::1]?";
  private static final List<String> PRIVATE = List.of(".localhost", ".local", ".internal");

  private PageOrigins() {}

  /**
   * Refuses a request that a foreign web page may have sent.
   *
   * @param others the pages of other servers that may send requests
   * @throws ApiException if the page is none of them
   */
  public static void require(Exchange exchange, CorsOrigins others) {
    String name = exchange.serverName().toLowerCase(Locale.ROOT);
    String configured = exchange.configuredHost().toLowerCase(Locale.ROOT);
    String origin = exchange.origin();
    if (!origin.isEmpty() && others.allows(origin)) {
      return;
    }
    if (!origin.isEmpty() && !(isSame(origin, exchange) && isOwn(name, configured))) {
      throw refused(
          "requests of web pages need an API key (--api-key-file) or the page's origin in --cors,"
              + " unless the page is the server's own and its address is that of --host, 127.0.0.1"
              + " or localhost");
    }
    if (origin.isEmpty() && configured.matches(LOOPBACK) && isPublic(name, configured)) {
      throw refused(
          "requests to %s need an API key (--api-key-file); without keys, use 127.0.0.1 or localhost"
              .formatted(name));
    }
  }

  private static boolean isSame(String origin, Exchange exchange) {
    return origin.equalsIgnoreCase("http://" + exchange.authority());
  }

  private static boolean isOwn(String name, String configured) {
    return name.equals(configured) || name.matches(LOOPBACK);
  }

  /** Returns whether anybody could own a name, and give it any address. */
  private static boolean isPublic(String name, String configured) {
    return name.contains(".")
        && !name.matches(IP_ADDRESS)
        && !name.equals(configured)
        && PRIVATE.stream().noneMatch(name::endsWith);
  }

  private static ApiException refused(String message) {
    return new ApiException(403, "invalid_request_error", message, null, null);
  }
}
