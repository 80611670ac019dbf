package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.download.Download;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The Hub's address, cache and access, from the environment variables that Python's huggingface_hub
 * reads.
 *
 * @param endpoint {@code HF_ENDPOINT}; by default https://huggingface.co
 * @param cache {@code HF_HUB_CACHE}, else {@code hub} in {@code HF_HOME}
 * @param token {@code HF_TOKEN}, else the content of the token file in {@code HF_HOME}
 * @param offline {@code HF_HUB_OFFLINE}: use the cache only
 * @param symlinks {@code HF_HUB_DISABLE_SYMLINKS} turns them off
 */
public record HubSettings(
    URI endpoint,
    Path cache,
    Optional<String> token,
    boolean offline,
    boolean symlinks,
    Download.Limits limits) {
  private static final String HUGGING_FACE = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
  private static final Download.Limits DEFAULT_LIMITS =
      new Download.Limits(
          5, Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofMillis(500));

  public static HubSettings fromEnvironment() {
    return from(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  static HubSettings from(Map<String, String> environment, Path home) {
    Environment env = new Environment(environment, home);
    Path caches = env.path("XDG_CACHE_HOME").orElse(home.resolve(".cache"));
    Path hubHome = env.path("HF_HOME").orElse(caches.resolve("huggingface"));
    Path cache =
        env.path("HF_HUB_CACHE")
            .or(() -> env.path("HUGGINGFACE_HUB_CACHE"))
            .orElse(hubHome.resolve("hub"));
    return new HubSettings(
        endpoint(env.text("HF_ENDPOINT").orElse(HUGGING_FACE)),
        cache.toAbsolutePath(),
        token(env, hubHome),
        env.isTrue(
            env.text("HF_HUB_OFFLINE").isPresent() ? "HF_HUB_OFFLINE" : "TRANSFORMERS_OFFLINE"),
        !env.isTrue("HF_HUB_DISABLE_SYMLINKS"),
        DEFAULT_LIMITS);
  }

  private static Optional<String> token(Environment env, Path hubHome) {
    if (env.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      return Optional.empty();
    }
    Path file = env.path("HF_TOKEN_PATH").orElse(hubHome.resolve("token"));
    return env.text("HF_TOKEN")
        .or(() -> env.text("HUGGING_FACE_HUB_TOKEN"))
        .map(text -> HubToken.checked(text, "HF_TOKEN"))
        .or(() -> HubToken.in(file));
  }

  private static URI endpoint(String text) {
    return address(text.replaceAll("/+$", ""))
        .orElseThrow(
            () ->
                new UserError(
                    "HF_ENDPOINT is \"%s\": expected an address such as %s"
                        .formatted(text, HUGGING_FACE)));
  }

  private static Optional<URI> address(String text) {
    try {
      URI uri = new URI(text);
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      boolean plain = uri.getQuery() == null && uri.getFragment() == null;
      return web && plain && uri.getHost() != null ? Optional.of(uri) : Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  /** Returns the settings without the token. */
  @Override
  public String toString() {
    String access = token.isPresent() ? "with a token" : "without a token";
    return endpoint + ", " + cache + ", " + access + (offline ? ", offline" : "");
  }

  /** Environment variables; an empty one counts as not set. */
  private record Environment(Map<String, String> variables, Path home) {
    Optional<String> text(String name) {
      return Optional.ofNullable(variables.get(name)).map(String::strip).filter(t -> !t.isEmpty());
    }

    Optional<Path> path(String name) {
      return text(name).map(value -> path(name, value));
    }

    private Path path(String name, String value) {
      try {
        boolean atHome = value.equals("~") || value.startsWith("~/");
        return atHome ? home.resolve(value.substring(Math.min(2, value.length()))) : Path.of(value);
      } catch (InvalidPathException e) {
        throw new UserError(name + " is \"" + value + "\": expected a path", e);
      }
    }

    boolean isTrue(String name) {
      return text(name).map(t -> TRUE.contains(t.toUpperCase(Locale.ROOT))).orElse(false);
    }
  }
}
