package dev.lora4j.serve.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A method and a path with their endpoint.
 *
 * @param path without {@code /v1}; {@code {}} stands for one segment, and {@code {*}} at the end
 *     for all further ones
 * @param pattern of the paths that match, with a group for each variable segment
 */
public record Route(String method, String path, Pattern pattern, Endpoint endpoint) {
  static final String HEAD = "HEAD";

  public static Route get(String path, Endpoint endpoint) {
    return of("GET", path, endpoint);
  }

  public static Route post(String path, Endpoint endpoint) {
    return of("POST", path, endpoint);
  }

  public static Route delete(String path, Endpoint endpoint) {
    return of("DELETE", path, endpoint);
  }

  private static Route of(String method, String path, Endpoint endpoint) {
    String pattern = path.replace("{*}", "(.+)").replace("{}", "([^/]+)");
    return new Route(method, path, Pattern.compile(pattern), endpoint);
  }

  /** The methods that the endpoint answers: HEAD as GET, without the body. */
  public List<String> methods() {
    return method.equals("GET") ? List.of(method, HEAD) : List.of(method);
  }

  public boolean answers(String requested) {
    return methods().contains(requested);
  }

  /** Returns the decoded segments of a path that matches; empty if it does not match. */
  public Optional<List<String>> match(String requested) {
    Matcher matcher = pattern.matcher(requested);
    return matcher.matches() ? Optional.of(segments(matcher.toMatchResult())) : Optional.empty();
  }

  private static List<String> segments(MatchResult match) {
    return IntStream.rangeClosed(1, match.groupCount())
        .mapToObj(group -> match.group(group).replace("+", "%2B"))
        .map(segment -> URLDecoder.decode(segment, StandardCharsets.UTF_8))
        .toList();
  }
}
