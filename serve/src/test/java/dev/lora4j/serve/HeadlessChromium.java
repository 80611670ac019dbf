package dev.lora4j.serve;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A page in a headless Chromium, driven by the DevTools protocol. */
final class HeadlessChromium implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SECONDS = 60;
  private static final int PHONE = 600; // pixels
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger ids = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
  private final Queue<String> problems = new ConcurrentLinkedQueue<>();

  private HeadlessChromium(Process process, URI page) {
    this.process = process;
    socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(page, new Inbox()).join();
    List.of("Page", "Runtime", "Log", "DOM").forEach(domain -> call(domain + ".enable", Map.of()));
  }

  /** The installed browser: that of the variable LORA4J_CHROMIUM, or one on the PATH. */
  static Optional<Path> installed() {
    Stream<Path> named = Stream.ofNullable(System.getenv("LORA4J_CHROMIUM")).map(Path::of);
    Stream<Path> onPath =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .flatMap(directory -> NAMES.stream().map(name -> Path.of(directory, name)));
    return Stream.concat(named, onPath).filter(Files::isExecutable).findFirst();
  }

  /** Starts a browser with an empty profile. */
  static HeadlessChromium start(Path executable, Path profile) throws IOException {
    Process process =
        new ProcessBuilder(
                executable.toString(),
                "--headless=new",
                "--no-sandbox", // the tests may run as root
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(profile.resolveSibling("chromium.log").toFile())
            .start();
    try {
      return new HeadlessChromium(process, page(profile.resolve("DevToolsActivePort")));
    } catch (RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** Waits for the file in which the browser writes its port; returns the address of its page. */
  private static URI page(Path portFile) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!Files.exists(portFile) || Files.readAllLines(portFile).size() < 2) {
      pause(deadline, "Chromium does not start");
    }
    String list = "http://127.0.0.1:" + Files.readAllLines(portFile).get(0) + "/json/list";
    while (true) {
      for (JsonNode target : get(URI.create(list))) {
        if (target.path("type").asText().equals("page")) {
          return URI.create(target.get("webSocketDebuggerUrl").asText());
        }
      }
      pause(deadline, "Chromium has no page");
    }
  }

  private static JsonNode get(URI uri) throws IOException {
    try {
      return JSON.readTree(
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
              .body());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void pause(long deadline, String problem) {
    if (System.nanoTime() > deadline) {
      throw new IllegalStateException(problem);
    }
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- the protocol ----

  private final class Inbox implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        receive(text.toString());
        text.setLength(0);
      }
      socket.request(1);
      return CompletableFuture.completedStage(null);
    }
  }

  private void receive(String message) {
    JsonNode json = read(message);
    if (json.has("id")) {
      requireNonNull(calls.remove(json.get("id").asInt())).complete(json);
    } else if (json.path("method").asText().equals("Runtime.exceptionThrown")) {
      problems.add(json.at("/params/exceptionDetails").toString());
    } else if (json.at("/params/entry/source").asText().equals("security")) {
      problems.add(json.at("/params/entry/text").asText());
    }
  }

  private static JsonNode read(String message) {
    try {
      return JSON.readTree(message);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode call(String method, Map<String, ?> params) {
    ObjectNode message = JSON.createObjectNode().put("id", ids.incrementAndGet());
    message.put("method", method).set("params", JSON.valueToTree(params));
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    calls.put(message.get("id").asInt(), answer);
    socket.sendText(message.toString(), true).join();
    JsonNode json = answer.orTimeout(SECONDS, TimeUnit.SECONDS).join();
    if (json.has("error")) {
      throw new IllegalStateException(method + ": " + json.get("error"));
    }
    return json.get("result");
  }

  // ---- the page ----

  void open(String address) {
    call("Page.navigate", Map.of("url", address));
    waitFor("document.readyState === 'complete' && location.href !== 'about:blank'");
  }

  /** Evaluates an expression of JavaScript. */
  JsonNode evaluate(String script) {
    JsonNode result =
        call(
            "Runtime.evaluate",
            Map.of("expression", script, "returnByValue", true, "awaitPromise", true));
    if (result.has("exceptionDetails")) {
      throw new IllegalStateException(script + ": " + result.get("exceptionDetails"));
    }
    return result.at("/result/value");
  }

  String text(String script) {
    return evaluate(script).asText();
  }

  void waitFor(String condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!evaluate("Boolean(" + condition + ")").asBoolean()) {
      pause(deadline, "the page never reaches: " + condition + "\n" + shown());
    }
  }

  private String shown() {
    return text("document.body.innerText");
  }

  /** Clicks an element, which has to be visible, as for a user. */
  void click(String selector) {
    onVisible(selector, "click()");
  }

  private void onVisible(String selector, String action) {
    String element = "document.querySelector('%s')".formatted(selector);
    if (!evaluate(element + ".checkVisibility()").asBoolean()) {
      throw new AssertionError(selector + " is not visible");
    }
    evaluate(element + "." + action);
  }

  /** Types into an element, as a keyboard does. */
  void type(String selector, String text) {
    onVisible(selector, "focus()");
    call("Input.insertText", Map.of("text", text));
  }

  /** Presses a key and releases it. */
  void press(String key, int code) {
    String text = key.equals("Enter") ? "\r" : "";
    Map<String, Object> event = Map.of("key", key, "windowsVirtualKeyCode", code, "text", text);
    for (String type : List.of("keyDown", "keyUp")) {
      Map<String, Object> typed = new HashMap<>(event);
      typed.put("type", type);
      call("Input.dispatchKeyEvent", typed);
    }
  }

  void chooseFile(String selector, Path file) {
    int root = call("DOM.getDocument", Map.of()).path("root").path("nodeId").asInt();
    JsonNode node = call("DOM.querySelector", Map.of("nodeId", root, "selector", selector));
    call(
        "DOM.setFileInputFiles",
        Map.of("nodeId", node.get("nodeId").asInt(), "files", List.of(file.toString())));
  }

  void width(int pixels) {
    call(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", pixels, "height", 800, "deviceScaleFactor", 1, "mobile", pixels < PHONE));
  }

  void colorScheme(String name) {
    List<?> features = List.of(Map.of("name", "prefers-color-scheme", "value", name));
    call("Emulation.setEmulatedMedia", Map.of("features", features));
  }

  /** Exceptions of scripts, and violations of the Content-Security-Policy. */
  List<String> problems() {
    return List.copyOf(problems);
  }

  @Override
  public void close() {
    socket.abort();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
