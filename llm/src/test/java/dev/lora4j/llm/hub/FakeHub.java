package dev.lora4j.llm.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A server that speaks a Hub's protocol, for one repository. Small files come from the Hub itself,
 * large ones from a second server on another port, to which the Hub redirects.
 */
final class FakeHub implements AutoCloseable {
  static final String REPO = "org/model";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Answers a request and returns true, or returns false. */
  interface Trouble {
    boolean answer(HttpExchange exchange) throws IOException;
  }

  /** A received request. */
  record Request(String server, String method, String path, String range, String token) {}

  private static final class Content {
    private final byte[] bytes;
    private final boolean large;
    private final String etag;

    Content(byte[] bytes, boolean large) {
      this.bytes = bytes;
      this.large = large;
      etag = large ? hash("SHA-256", bytes) : gitHash(bytes);
    }
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer hub;
  private final HttpServer store;
  private final Map<String, Content> files = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Trouble> troubles = new CopyOnWriteArrayList<>();
  private volatile String commit = "a".repeat(40);
  private volatile List<String> extraNames = List.of();

  FakeHub() throws IOException {
    hub = server("hub");
    store = server("store");
  }

  private HttpServer server(String name) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", exchange -> handle(name, exchange));
    server.start();
    return server;
  }

  URI endpoint() {
    return at(hub);
  }

  private static URI at(HttpServer server) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  FakeHub small(String name, String text) {
    files.put(name, new Content(text.getBytes(UTF_8), false));
    return this;
  }

  FakeHub large(String name, byte[] bytes) {
    files.put(name, new Content(bytes, true));
    return this;
  }

  /** Extra names in the listing. */
  void alsoLists(String... names) {
    extraNames = List.of(names);
  }

  void moveTo(String newCommit) {
    commit = newCommit;
  }

  String commit() {
    return commit;
  }

  String etag(String name) {
    return content(name).etag;
  }

  private Content content(String name) {
    return Objects.requireNonNull(files.get(name), name);
  }

  /** Asked before each request, newest first. */
  void trouble(Trouble trouble) {
    troubles.add(0, trouble);
  }

  void noMoreTrouble() {
    troubles.clear();
  }

  List<Request> requests() {
    return requests;
  }

  /** Returns the requests for the content of a file, to either server. */
  List<Request> fetches(String name) {
    String stored = "/" + etag(name);
    return requests.stream()
        .filter(r -> r.method().equals("GET"))
        .filter(r -> r.path().equals(stored) || (r.path().endsWith("/" + name) && !isLarge(name)))
        .toList();
  }

  private boolean isLarge(String name) {
    return content(name).large;
  }

  private void handle(String server, HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    requests.add(
        new Request(
            server,
            exchange.getRequestMethod(),
            path,
            header(exchange, "Range"),
            header(exchange, "Authorization")));
    try (exchange) {
      for (Trouble trouble : troubles) {
        if (trouble.answer(exchange)) {
          return;
        }
      }
      if (server.equals("store")) {
        serveStored(exchange, path.substring(1));
      } else if (path.startsWith("/api/models/" + REPO + "/")) {
        serveApi(exchange, path.substring(("/api/models/" + REPO + "/").length()));
      } else if (path.startsWith("/" + REPO + "/resolve/")) {
        serveFile(exchange, path.substring(("/" + REPO + "/resolve/").length()));
      } else {
        refuse(exchange, 401, "RepoNotFound");
      }
    }
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  static void refuse(HttpExchange exchange, int status, String code) throws IOException {
    exchange.getResponseHeaders().add("X-Error-Code", code);
    exchange.sendResponseHeaders(status, -1);
  }

  private boolean knows(String revision) {
    return List.of(commit, "main", "refs%2Fpr%2F1").contains(revision);
  }

  private void serveApi(HttpExchange exchange, String path) throws IOException {
    boolean known = knows(path.substring(path.indexOf('/') + 1).split("/", 2)[0]);
    if (!known) {
      refuse(exchange, 404, "RevisionNotFound");
      return;
    }
    byte[] body = JSON.writeValueAsBytes(path.startsWith("tree/") ? tree() : listing());
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private Map<String, Object> listing() {
    List<String> names = new ArrayList<>(new TreeMap<>(files).keySet());
    names.addAll(extraNames);
    return Map.of(
        "id",
        REPO,
        "sha",
        commit,
        "siblings",
        names.stream().map(name -> Map.of("rfilename", name)).toList());
  }

  private List<Map<String, Object>> tree() {
    List<Map<String, Object>> entries = new ArrayList<>();
    files.forEach(
        (name, content) -> {
          Map<String, Object> entry = new TreeMap<>();
          entry.put("type", "file");
          entry.put("path", name);
          entry.put("size", content.bytes.length);
          entry.put("oid", gitHash(content.bytes));
          if (content.large) {
            entry.put(
                "lfs",
                Map.of("oid", content.etag, "size", content.bytes.length, "pointerSize", 130));
          }
          entries.add(entry);
        });
    return entries;
  }

  private void serveFile(HttpExchange exchange, String path) throws IOException {
    String[] parts = path.split("/", 2);
    Content content = files.get(URLDecoder.decode(parts[1], UTF_8));
    if (!knows(parts[0])) {
      refuse(exchange, 404, "RevisionNotFound");
    } else if (content == null) {
      refuse(exchange, 404, "EntryNotFound");
    } else {
      exchange.getResponseHeaders().add("X-Repo-Commit", commit);
      if (content.large) {
        exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + content.etag + "\"");
        exchange.getResponseHeaders().add("X-Linked-Size", "" + content.bytes.length);
        exchange.getResponseHeaders().add("Location", at(store) + "/" + content.etag + "?key=1");
        exchange.sendResponseHeaders(302, -1);
      } else {
        exchange.getResponseHeaders().add("ETag", "W/\"" + content.etag + "\"");
        serve(exchange, content.bytes);
      }
    }
  }

  private void serveStored(HttpExchange exchange, String etag) throws IOException {
    byte[] bytes =
        files.values().stream()
            .filter(content -> content.etag.equals(etag))
            .findFirst()
            .orElseThrow()
            .bytes;
    exchange.getResponseHeaders().add("ETag", "\"of-the-store\"");
    serve(exchange, bytes);
  }

  static void serve(HttpExchange exchange, byte[] bytes) throws IOException {
    int from = 0;
    String range = header(exchange, "Range");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", "" + bytes.length);
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    if (!range.isEmpty()) {
      from = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
    }
    exchange.sendResponseHeaders(range.isEmpty() ? 200 : 206, bytes.length - from);
    exchange.getResponseBody().write(bytes, from, bytes.length - from);
  }

  /** Announces everything from the requested offset, sends a part, and hangs up. */
  static void cut(HttpExchange exchange, byte[] bytes, int sent) throws IOException {
    exchange.sendResponseHeaders(200, bytes.length);
    OutputStream body = exchange.getResponseBody();
    body.write(Arrays.copyOf(bytes, sent));
    body.flush();
    sleep(100); // so that what was sent arrives before the end does
    throw new IOException("cut on purpose");
  }

  static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String gitHash(byte[] bytes) {
    byte[] head = ("blob " + bytes.length + "\0").getBytes(UTF_8);
    byte[] all = Arrays.copyOf(head, head.length + bytes.length);
    System.arraycopy(bytes, 0, all, head.length, bytes.length);
    return hash("SHA-1", all);
  }

  private static String hash(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
