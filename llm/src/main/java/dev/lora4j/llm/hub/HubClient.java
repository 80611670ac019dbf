package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.download.Download;
import dev.lora4j.io.download.HostLookup;
import dev.lora4j.io.download.HostUnreachable;
import dev.lora4j.io.download.HttpAnswer;
import dev.lora4j.io.download.HttpChunks;
import dev.lora4j.io.download.Retries;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The HTTP client of one Hub repository. It sends the token to the Hub's own address only. */
final class HubClient {
  private static final int MAX_LISTING_BYTES = 32 << 20;
  private static final int MAX_REDIRECTS = 6;

  private final HubSettings settings;
  private final RepoId repo;
  private final HubFailure failure;
  private final HttpClient http;
  private final Set<String> hosts = ConcurrentHashMap.newKeySet();

  HubClient(HubSettings settings, RepoId repo) {
    this.settings = settings;
    this.repo = repo;
    failure = new HubFailure(settings, repo);
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(settings.limits().connect())
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /** Returns the commit of the revision and its files. */
  RepoListing listing(Download.Limits within) throws HostUnreachable {
    URI uri = at("/api/models/" + repo.path() + "/revision/" + encoded(repo.revision()));
    return Retries.run(within, () -> listing(uri));
  }

  private RepoListing listing(URI uri) throws IOException {
    try (HttpAnswer answer = follow("GET", uri, 0)) {
      requireSuccess(answer, "");
      byte[] body = readAll(answer.body());
      try {
        return RepoListing.parse(repo, body);
      } catch (IOException e) {
        throw notAHub(uri, e);
      }
    }
  }

  /** Returns the content hash and size of a file in a commit. */
  RemoteFile describe(String commit, String name) throws HostUnreachable {
    URI uri = address(commit, name);
    return Retries.run(settings.limits(), () -> describe(uri, commit, name));
  }

  private RemoteFile describe(URI uri, String commit, String name) throws IOException {
    try (HttpAnswer answer = follow("HEAD", uri, 0)) {
      if (!answer.isRedirect()) {
        requireSuccess(answer, name);
      }
      try {
        return RemoteFile.of(name, commit, uri, answer.headers(), answer.isRedirect());
      } catch (IOException e) {
        throw notAHub(uri, e);
      }
    }
  }

  Download.Source source(String commit, String file) {
    return new Download.Source() {
      @Override
      public String name() {
        return repo + "/" + file;
      }

      @Override
      public HttpAnswer open(long from, String version, Download.Limits limits) throws IOException {
        HttpAnswer answer = follow("GET", address(commit, file), from);
        if (answer.status() != 416) {
          requireSuccess(answer, file);
        }
        return answer;
      }
    };
  }

  private void requireSuccess(HttpAnswer answer, String file) {
    if (answer.status() != 200 && answer.status() != 206) {
      answer.close();
      throw failure.of(answer.status(), answer.headers(), answer.from(), file);
    }
  }

  /** Follows redirects; a HEAD request stops at the first that describes the file. */
  private HttpAnswer follow(String method, URI start, long from) throws IOException {
    URI uri = start;
    for (int i = 0; i < MAX_REDIRECTS; i++) {
      HttpAnswer answer = send(method, uri, from);
      boolean enough =
          method.equals("HEAD") && RemoteFile.isDescribedBy(answer.headers(), answer.isRedirect());
      if (!answer.isRedirect() || enough) {
        return answer;
      }
      answer.close();
      uri = next(uri, answer.headers().firstValue("Location").orElseThrow());
    }
    throw new UserError("cannot fetch " + start + ": more than " + MAX_REDIRECTS + " redirects");
  }

  private static URI next(URI uri, String location) {
    try {
      URI next = uri.resolve(location);
      boolean web = "https".equals(next.getScheme()) || "http".equals(next.getScheme());
      boolean weaker = "https".equals(uri.getScheme()) && !"https".equals(next.getScheme());
      if (web && !weaker && next.getHost() != null) {
        return next;
      }
      throw new UserError(
          "refused a redirect of " + HubFailure.shown(uri) + " to another protocol");
    } catch (IllegalArgumentException e) {
      throw new UserError(
          "refused a redirect of " + HubFailure.shown(uri) + ": it leads to no address", e);
    }
  }

  private HttpAnswer send(String method, URI uri, long from) throws IOException {
    if (!hosts.contains(uri.getHost())) {
      HostLookup.check(uri, settings.limits().connect());
      hosts.add(uri.getHost());
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, BodyPublishers.noBody())
            .timeout(settings.limits().stall())
            .header("User-Agent", "lora4j")
            .header("Accept-Encoding", "identity");
    if (isHub(uri)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    return HttpAnswer.send(http, request.build());
  }

  private boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equals(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && port(hub) == port(uri);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
  }

  private byte[] readAll(HttpChunks chunks) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (List<ByteBuffer> chunk = chunks.next(settings.limits().stall());
        !chunk.isEmpty();
        chunk = chunks.next(settings.limits().stall())) {
      for (ByteBuffer buffer : chunk) {
        if (all.size() + buffer.remaining() > MAX_LISTING_BYTES) {
          throw new UserError(
              "refused %s: its list of files is longer than %d bytes"
                  .formatted(repo, MAX_LISTING_BYTES));
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        all.writeBytes(bytes);
      }
    }
    return all.toByteArray();
  }

  private UserError notAHub(URI uri, IOException e) {
    return new UserError(
        uri + " does not answer as a Hub: " + e.getMessage() + "; check HF_ENDPOINT", e);
  }

  private URI address(String commit, String name) {
    return at("/" + repo.path() + "/resolve/" + commit + "/" + encoded(name));
  }

  private URI at(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private static String encoded(String segment) {
    return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
