package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.api.ApiKeys;
import dev.lora4j.serve.jobs.JobSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The web page in headless Chromium, where one is installed. */
class WebPageBrowserTest {
  private static final int ENTER = 13;
  private static final int ESCAPE = 27;
  private static final String ANSWER = "document.querySelector('#log .assistant:last-child .text')";
  private static final String IDLE = "document.querySelector('#send').hidden === false";
  private static final String LOADED =
      "document.querySelector('#chat-model').options.length > 0"
          + " && document.querySelector('main').getAttribute('aria-busy') === 'false'";

  private static final String HELLO =
      """
      {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]}
      """;

  @TempDir static Path directory;
  private static LoraServer server;
  private static Optional<HeadlessChromium> started = Optional.empty();
  private HeadlessChromium browser;

  @BeforeAll
  static void start() throws IOException {
    Optional<Path> executable = HeadlessChromium.installed();
    assumeTrue(
        executable.isPresent(),
        "needs Chromium: apt-get install chromium, or its path in LORA4J_CHROMIUM");
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    SavedTextModel.adapter(model, directory.resolve("pirate"), 5);
    SavedTextModel.adapter(model, directory.resolve("bard"), 6);
    server =
        LoraServer.builder()
            .model(model)
            .adapter("pirate", directory.resolve("pirate"))
            .adapter("bard", directory.resolve("bard"))
            .port(0)
            .start();
    Path profile = Files.createDirectory(directory.resolve("profile"));
    started = Optional.of(HeadlessChromium.start(executable.orElseThrow(), profile));
  }

  @AfterAll
  static void stop() {
    started.ifPresent(HeadlessChromium::close);
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void open() {
    browser = started.orElseThrow();
    browser.width(1000);
    browser.colorScheme("light");
    browser.open(address(server));
    browser.waitFor(LOADED);
    browser.evaluate("document.querySelector('#temperature').value = '0'");
    browser.evaluate("document.querySelector('#max-tokens').value = '20'");
  }

  @AfterEach
  void hasNoProblems() {
    assertThat(browser.problems()).isEmpty();
  }

  private static String address(LoraServer server) {
    return "http://127.0.0.1:" + server.port() + "/";
  }

  private void choose(String selector, String value) {
    browser.evaluate("document.querySelector('%s').value = '%s'".formatted(selector, value));
  }

  /** Asks the server itself, by the same sampling parameters. */
  private String answer(String model, String text) {
    return browser.text(
        """
        fetch('v1/chat/completions', {method: 'POST', body: JSON.stringify({model: '%s',
          messages: [{role: 'user', content: '%s'}], temperature: 0, max_tokens: 20})})
          .then((response) => response.json())
          .then((json) => json.choices[0].message.content)
        """
            .formatted(model, text));
  }

  // ---- chat ----

  @Test
  void enterSendsAndTheAnswerIsThatOfTheAdapter() {
    choose("#chat-model", "pirate");
    browser.type("#message", "Hello there");
    browser.press("Enter", ENTER);
    browser.waitFor(ANSWER);
    browser.waitFor(IDLE);

    assertThat(browser.text(ANSWER + ".textContent")).isEqualTo(answer("pirate", "Hello there"));
    assertThat(browser.text("document.querySelector('#log .assistant .note').textContent"))
        .contains("tokens in");
    assertThat(browser.text("document.querySelector('#log .user .text').textContent"))
        .isEqualTo("Hello there");
  }

  @Test
  void escapeStopsTheAnswer() {
    browser.evaluate(
        """
        window.fetch = async (path, { signal }) => new Response(new ReadableStream({
          start(stream) {
            const first = 'data: {"choices":[{"delta":{"content":"Once"}}]}\\n\\n';
            stream.enqueue(new TextEncoder().encode(first));
            signal.addEventListener('abort', () => stream.error(signal.reason));
          }}))
        """);
    browser.type("#message", "Go on");
    browser.press("Enter", ENTER);
    browser.waitFor(ANSWER + "?.textContent === 'Once'");
    browser.press("Escape", ESCAPE);
    browser.waitFor(IDLE);

    assertThat(browser.text("document.querySelector('#log .assistant .note').textContent"))
        .isEqualTo("stopped");
  }

  @Test
  void textOfAModelIsNeverHtml() {
    browser.evaluate(
        """
        window.fetch = async () => new Response(
          'data: {"choices":[{"delta":{"content":"<img src=x onerror=alert(1)><b>bold</b>"}}]}\\n\\n'
          + 'data: {"choices":[],"usage":{"completion_tokens":1}}\\n\\ndata: [DONE]\\n\\n')
        """);
    browser.type("#message", "<i>me</i>");
    browser.press("Enter", ENTER);
    browser.waitFor(ANSWER);
    browser.waitFor(IDLE);

    assertThat(browser.text(ANSWER + ".textContent"))
        .isEqualTo("<img src=x onerror=alert(1)><b>bold</b>");
    assertThat(browser.evaluate("document.querySelectorAll('#log img, #log b, #log i').length"))
        .hasToString("0");
  }

  @Test
  void aRefusalIsShown() {
    browser.type("#message", "long ".repeat(300));
    browser.press("Enter", ENTER);
    browser.waitFor("document.querySelector('#log .assistant .note.error')?.textContent");
    browser.waitFor(IDLE);

    assertThat(browser.text("document.querySelector('#log .assistant .note').textContent"))
        .contains("maximum context length");
  }

  // ---- comparison ----

  @Test
  void threeModelsAnswerSideBySide() {
    browser.click("#tab-compare");
    choose("#columns", "3");
    browser.evaluate("document.querySelector('#columns').dispatchEvent(new Event('change'))");
    browser.type("#prompt", "Who are you");
    browser.press("Enter", ENTER);
    browser.waitFor("document.querySelectorAll('#answers .note:not(:empty)').length === 3");

    for (int i = 0; i < 3; i++) {
      String column = "document.querySelector('#answers').children[%d]".formatted(i);
      assertThat(browser.text(column + ".querySelector('.text').textContent"))
          .isEqualTo(
              answer(browser.text(column + ".querySelector('select').value"), "Who are you"));
    }
    assertThat(
            browser.evaluate(
                "new Set([...document.querySelectorAll('#answers select')].map(s => s.value)).size"))
        .hasToString("3");
  }

  // ---- looks ----

  @Test
  void aPhoneNeverScrollsSideways() {
    browser.width(360);
    browser.type("#message", "abcdefghij".repeat(9));
    browser.press("Enter", ENTER);
    browser.waitFor(ANSWER);
    browser.waitFor(IDLE);
    browser.evaluate("document.querySelector('#sampling').open = true");
    for (String tab : List.of("chat", "compare", "tuning")) {
      browser.click("#tab-" + tab);
      browser.evaluate("document.querySelector('#with-jobs').hidden = false");

      assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
          .as(tab)
          .isLessThanOrEqualTo(360);
    }
  }

  @Test
  void coloursFollowThePreferredScheme() {
    String background = "getComputedStyle(document.body).backgroundColor";
    String light = browser.text(background);

    browser.colorScheme("dark");

    assertThat(light).isEqualTo("rgb(251, 250, 248)");
    assertThat(browser.text(background)).isEqualTo("rgb(20, 23, 28)");
  }

  @Test
  void everyFieldHasALabel() {
    String unnamed =
        """
        [...document.querySelectorAll('input, select, textarea')]
          .filter((field) => !field.labels?.length && !field.ariaLabel).map((field) => field.id).join()
        """;

    assertThat(browser.text(unnamed)).isEmpty();
  }

  @Test
  void arrowKeysMoveBetweenTabs() {
    browser.evaluate("document.querySelector('#tab-chat').focus()");
    browser.press("ArrowRight", 39);

    assertThat(browser.text("document.activeElement.id")).isEqualTo("tab-compare");
    assertThat(browser.evaluate("document.querySelector('#compare').hidden").asBoolean()).isFalse();
    assertThat(browser.evaluate("document.querySelector('#chat').hidden").asBoolean()).isTrue();
  }

  // ---- keys ----

  @Test
  void aKeyIsAskedForAndKeptForTheTabOnly() throws IOException {
    Path keys = Files.writeString(directory.resolve("keys"), "secret\n");
    String form = "document.querySelector('#key-form').hidden === false";
    try (LoraServer locked =
        LoraServer.builder()
            .model(directory.resolve("model"))
            .port(0)
            .apiKeys(ApiKeys.read(keys))
            .start()) {
      browser.open(address(locked));
      browser.waitFor(form);
      browser.type("#key", "wrong");
      browser.press("Enter", ENTER);
      browser.waitFor("document.querySelector('#failure').textContent.includes('Incorrect')");

      browser.type("#key", "secret");
      browser.press("Enter", ENTER);
      browser.waitFor(LOADED);

      assertThat(browser.evaluate(form).asBoolean()).isFalse();
      assertThat(browser.text("JSON.stringify({...sessionStorage})")).contains("secret");
      assertThat(browser.evaluate("localStorage.length + document.cookie.length").asInt()).isZero();
    }
  }

  // ---- fine-tuning ----

  @Test
  void aServerWithoutJobsExplainsHowToGetThem() {
    browser.click("#tab-tuning");
    browser.waitFor("document.querySelector('#no-jobs').hidden === false");

    assertThat(browser.text("document.querySelector('#tuning').innerText")).contains("--jobs DIR");
  }

  /** A server that fine-tunes, as OpenAI's API describes it: one job that ends after two steps. */
  private static final String JOBS =
      """
      const sent = [];
      const job = {id: 'ftjob-1', model: 'model', status: 'queued', fine_tuned_model: null,
        user_provided_suffix: 'mine', trained_tokens: null, error: null};
      const event = (id, data) => 'data: ' + JSON.stringify({id, object: 'fine_tuning.job.event',
        level: 'info', type: 'metrics', message: `Step ${data.step}`, data}) + '\\n\\n';
      const json = (body) => new Response(JSON.stringify(body));
      const real = window.fetch;
      window.fetch = async (path, options = {}) => {
        sent.push([options.method ?? 'GET', path, options.body]);
        if (path === 'v1/files') return json({id: 'file-' + options.body.get('file').name});
        if (path.endsWith('/events?stream=true')) {
          Object.assign(job, {status: 'succeeded', trained_tokens: 1234, fine_tuned_model: 'pirate'});
          return new Response(event('e1', {step: 1, train_loss: 3.5})
            + event('e2', {step: 2, train_loss: 2.5}) + event('e3', {step: 2, valid_loss: 2.75})
            + 'data: [DONE]\\n\\n');
        }
        if (path === 'v1/fine_tuning/jobs' || path.endsWith('/ftjob-1')) return json(job);
        if (path.startsWith('v1/fine_tuning/jobs?')) return json({data: sent.some(([m]) => m === 'POST') ? [job] : []});
        return real(path, options);
      };
      show($('no-jobs'), false);
      show($('with-jobs'), true);
      """;

  @Test
  void aJobIsStartedWatchedAndItsModelChattedWith() throws IOException {
    Path data = Files.writeString(directory.resolve("chats.jsonl"), "{\"messages\": []}\n");
    browser.evaluate(JOBS);
    browser.click("#tab-tuning");
    browser.chooseFile("#training-file", data);
    browser.type("#suffix", "mine");
    browser.type("#n-epochs", "2");
    browser.click("#start-job");
    browser.waitFor("document.querySelector('#job-chat').hidden === false");

    assertThat(browser.text("sent.find(([m, p]) => m === 'POST' && p.endsWith('jobs'))[2]"))
        .contains("\"training_file\":\"file-chats.jsonl\"", "\"suffix\":\"mine\"")
        .contains("\"n_epochs\":2", "\"batch_size\":\"auto\"");
    assertThat(browser.text("document.querySelector('#losses svg').getAttribute('aria-label')"))
        .isEqualTo("training loss 3.50 → 2.50, validation loss 2.75 → 2.75");
    assertThat(browser.text("document.querySelector('#losses polyline').getAttribute('points')"))
        .isEqualTo("500.0,83.3 1000.0,916.7");
    assertThat(browser.text("document.querySelector('#job-status').textContent"))
        .isEqualTo("succeeded, 1,234 tokens trained");

    browser.click("#job-chat");

    assertThat(browser.text("document.querySelector('#chat-model').value")).isEqualTo("pirate");
    assertThat(browser.evaluate("document.querySelector('#chat').hidden").asBoolean()).isFalse();
  }

  @Test
  void aJobThatTheGateRefusesShowsItsCurveAndTheReason() throws IOException {
    Path data = Files.writeString(directory.resolve("hellos.jsonl"), HELLO.repeat(12));
    try (LoraServer tuning =
        LoraServer.builder()
            .model(directory.resolve("model"))
            .jobs(JobSettings.in(directory.resolve("jobs")).workers(1))
            .port(0)
            .start()) {
      browser.open(address(tuning));
      browser.waitFor(LOADED);
      browser.click("#tab-tuning");
      browser.chooseFile("#training-file", data);
      browser.type("#suffix", "hello");
      browser.type("#n-epochs", "1");
      browser.click("#start-job");
      browser.waitFor("document.querySelector('#job-error').hidden === false");

      assertThat(browser.text("document.querySelector('#job-error').textContent"))
          .contains("not published", "stop token");
      assertThat(browser.text("document.querySelector('#losses svg').getAttribute('aria-label')"))
          .startsWith("training loss ");
      assertThat(browser.evaluate("document.querySelector('#job-chat').hidden").asBoolean())
          .isTrue();
      assertThat(browser.text("document.querySelector('#failure').textContent")).isEmpty();
    }
  }
}
