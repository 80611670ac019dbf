package dev.lora4j.serve.api;

import dev.lora4j.io.TensorDigest;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Route;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The web page at {@code /}: chat, comparison of adapters, fine-tuning jobs. It is one file without
 * foreign addresses; its Content-Security-Policy permits its own script and style by their digests,
 * and connections to this server only.
 */
final class WebPage {
  static final String PATH = "/";

  private static final Pattern PART = Pattern.compile("/\\*\\{([a-z.]+)}\\*/");
  private static final String POLICY =
      "default-src 'none'; script-src '%s'; style-src '%s'; connect-src 'self'; img-src data:;"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'; trusted-types 'none'";

  private final String html = assemble(resource("page.html"));
  private final String policy = POLICY.formatted(digestOf("script"), digestOf("style"));

  List<Route> routes() {
    return List.of(Route.get(PATH, this::send));
  }

  private void send(Exchange exchange) throws IOException {
    exchange.header("Content-Security-Policy", policy);
    exchange.header("X-Content-Type-Options", "nosniff");
    exchange.header("Referrer-Policy", "no-referrer");
    exchange.header("Cache-Control", "no-cache");
    exchange.send(200, "text/html; charset=utf-8", html);
  }

  private static String assemble(String page) {
    return PART.matcher(page)
        .replaceAll((MatchResult part) -> Matcher.quoteReplacement(resource(part.group(1))));
  }

  private static String resource(String name) {
    try (InputStream in = WebPage.class.getResourceAsStream("page/" + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The digest of the only element of a name, as a Content-Security-Policy gives it. */
  private String digestOf(String element) {
    Matcher content =
        Pattern.compile("<%1$s>(.*?)</%1$s>".formatted(element), Pattern.DOTALL).matcher(html);
    if (!content.find()) {
      throw new IllegalStateException("the page has no <" + element + ">");
    }
    byte[] digest = TensorDigest.sha256().digest(content.group(1).getBytes(StandardCharsets.UTF_8));
    return "sha256-" + Base64.getEncoder().encodeToString(digest);
  }
}
