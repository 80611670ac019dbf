package dev.lora4j.models.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.Download;
import dev.lora4j.io.HostLookup;
import dev.lora4j.io.HttpChunks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;

/** Asks a Hub about one repository. The token goes to the Hub's own address and to no other. */
final class HubClient {
  private static final int LONGEST_LISTING = 32 << 20;
  private static final int MOST_REDIRECTS = 6;

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

  /** An answer whose body has not been read; closing it gives the body up. */
  record Answer(URI from, int status, HttpHeaders headers, HttpChunks body)
      implements AutoCloseable {
    boolean isRedirect() {
      return Set.of(301, 302, 303, 307, 308).contains(status)
          && headers.firstValue("Location").isPresent();
    }

    @Override
    public void close() {
      body.close();
    }
  }

  /**
   * Which commit the revision is now, and which files it has.
   *
   * @param within how often and how long to try
   */
  RepoListing listing(Download.Limits within) throws Unreachable {
    URI uri = at("/api/models/" + repo.path() + "/revision/" + encoded(repo.revision()));
    return Retries.run(within, () -> listing(uri));
  }

  private RepoListing listing(URI uri) throws IOException {
    try (Answer answer = follow("GET", uri, 0)) {
      requireSuccess(answer, "");
      byte[] body = readAll(answer.body());
      try {
        return RepoListing.parse(repo, body);
      } catch (IOException e) {
        throw notAHub(uri, e);
      }
    }
  }

  /** What one file is, in this commit. */
  RemoteFile describe(String commit, String name) throws Unreachable {
    URI uri = address(commit, name);
    return Retries.run(settings.limits(), () -> describe(uri, commit, name));
  }

  private RemoteFile describe(URI uri, String commit, String name) throws IOException {
    try (Answer answer = follow("HEAD", uri, 0)) {
      if (!answer.isRedirect()) {
        requireSuccess(answer, name);
      }
      try {
        return RemoteFile.of(name, commit, answer.headers(), answer.isRedirect());
      } catch (IOException e) {
        throw notAHub(uri, e);
      }
    }
  }

  /**
   * Begins to fetch a file. The status is 200, 206, or 416 where there is nothing from there on.
   *
   * @param from how many bytes to leave out
   */
  Answer open(String commit, String name, long from) throws IOException {
    Answer answer = follow("GET", address(commit, name), from);
    if (answer.status() != 416) {
      requireSuccess(answer, name);
    }
    return answer;
  }

  private void requireSuccess(Answer answer, String file) {
    if (answer.status() != 200 && answer.status() != 206) {
      answer.close();
      throw failure.of(answer.status(), answer.headers(), answer.from(), file);
    }
  }

  /** Goes where redirects lead; a HEAD request stops at the one that says what the file is. */
  private Answer follow(String method, URI start, long from) throws IOException {
    URI uri = start;
    for (int i = 0; i < MOST_REDIRECTS; i++) {
      Answer answer = send(method, uri, from);
      boolean enough =
          method.equals("HEAD") && RemoteFile.isDescribedBy(answer.headers(), answer.isRedirect());
      if (!answer.isRedirect() || enough) {
        return answer;
      }
      answer.close();
      uri = next(uri, answer.headers().firstValue("Location").orElseThrow());
    }
    throw new UserError("cannot fetch " + start + ": more than " + MOST_REDIRECTS + " redirects");
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

  private Answer send(String method, URI uri, long from) throws IOException {
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
    HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = send(request.build());
    Answer answer =
        new Answer(uri, response.statusCode(), response.headers(), new HttpChunks(response.body()));
    if (Busy.is(answer.status())) {
      answer.close();
      throw Busy.of(answer.status(), answer.headers());
    }
    return answer;
  }

  private HttpResponse<Flow.Publisher<List<ByteBuffer>>> send(HttpRequest request)
      throws IOException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofPublisher());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
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
    for (List<ByteBuffer> pieces = chunks.next(settings.limits().stall());
        !pieces.isEmpty();
        pieces = chunks.next(settings.limits().stall())) {
      for (ByteBuffer piece : pieces) {
        if (all.size() + piece.remaining() > LONGEST_LISTING) {
          throw new UserError(
              "refused "
                  + repo
                  + ": its list of files is longer than "
                  + LONGEST_LISTING
                  + " bytes");
        }
        byte[] bytes = new byte[piece.remaining()];
        piece.get(bytes);
        all.writeBytes(bytes);
      }
    }
    return all.toByteArray();
  }

  private UserError notAHub(URI uri, IOException e) {
    return new UserError(
        "what " + uri + " answers is not a Hub's answer: " + e.getMessage() + "; check HF_ENDPOINT",
        e);
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
