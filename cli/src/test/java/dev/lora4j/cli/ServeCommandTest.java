package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.SavedTextModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {
  private static final Pattern ADDRESS = Pattern.compile("http://127.0.0.1:[0-9]+/v1");

  @TempDir Path directory;

  @Test
  void aTerminatedServerAnswersWhatItHasAccepted() throws Exception {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path adapter = SavedTextModel.adapter(model, directory.resolve("pirate"), 3);
    Process process =
        MainProcess.of(
                "serve", "--model", "base=" + model, "--adapter", adapter.toString(), "--port", "0")
            .start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      String body =
          """
          {"model": "pirate", "messages": [{"role": "user", "content": "Hi"}], "n": 4,
           "logit_bias": {"2": -100}, "max_tokens": 150}
          """;
      String address = address(lines);
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(address + "/chat/completions"))
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build();
      CompletableFuture<HttpResponse<String>> answer =
          HttpClient.newHttpClient().sendAsync(request, HttpResponse.BodyHandlers.ofString());
      awaitRunning(address, answer);

      process.destroy();

      assertThat(answer.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
  }

  private static void awaitRunning(String address, Future<?> answer) throws Exception {
    HttpRequest ready = HttpRequest.newBuilder(URI.create(address + "/health/ready")).build();
    HttpClient client = HttpClient.newHttpClient();
    String state = "";
    while (!answer.isDone() && !state.contains("\"running\":4")) {
      state = client.send(ready, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  private static String address(BufferedReader lines) throws IOException {
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Matcher address = ADDRESS.matcher(line);
      if (address.find()) {
        return address.group();
      }
    }
    throw new AssertionError("the server has not started");
  }

  @Test
  void aFolderThatDoesNotExistIsRefused() {
    CommandLineRun run =
        CommandLineRun.of("serve", "--model", "none", "--adapters", directory.resolve("no") + "");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--adapters", "is not a directory");
  }
}
