package dev.lora4j.serve.http;

import dev.lora4j.UserError;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.handler.CrossOriginHandler;

/**
 * The web pages of other servers that may send requests: cross-origin resource sharing (CORS).
 *
 * @param allowed their origins, such as {@code https://app.example.com}; {@code *} for all
 */
public record CorsOrigins(List<String> allowed) {
  public static final CorsOrigins NONE = new CorsOrigins(List.of());

  private static final String ALL = "*";
  private static final Pattern ORIGIN = Pattern.compile("https?://[^/?#@\\s*]+");
  private static final Duration PREFLIGHT_AGE = Duration.ofMinutes(10);

  public CorsOrigins {
    for (String origin : allowed) {
      if (!origin.equals(ALL) && !ORIGIN.matcher(origin).matches()) {
        throw new UserError(
            "--cors: expected an origin such as https://app.example.com, without a path, or *; found "
                + origin);
      }
    }
    allowed = List.copyOf(allowed);
  }

  public boolean allowsAll() {
    return allowed.contains(ALL);
  }

  boolean allows(String origin) {
    return allowsAll() || allowed.stream().anyMatch(origin::equalsIgnoreCase);
  }

  /** Returns a handler that answers preflight requests, and lets browsers show the answers. */
  public Handler around(Handler handler) {
    if (allowed.isEmpty()) {
      return handler;
    }
    CrossOriginHandler cors = new CrossOriginHandler();
    cors.setAllowedOriginPatterns(
        allowed.stream().map(CorsOrigins::pattern).collect(Collectors.toSet()));
    cors.setAllowedMethods(Set.of("GET", "HEAD", "POST", "DELETE"));
    cors.setAllowedHeaders(Set.of("*", "Authorization")); // which browsers do not count as any
    cors.setExposedHeaders(Set.of("x-request-id", "Retry-After"));
    cors.setPreflightMaxAge(PREFLIGHT_AGE);
    cors.setHandler(handler);
    return cors;
  }

  private static String pattern(String origin) {
    return origin.equals(ALL) ? ALL : "(?i)" + Pattern.quote(origin);
  }
}
