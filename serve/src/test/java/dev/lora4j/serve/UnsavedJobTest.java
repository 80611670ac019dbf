package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.jobs.JobSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job whose end can't be saved. */
class UnsavedJobTest {
  private static final String HYPERPARAMETERS =
      "\"learning_rate_multiplier\": 100, \"n_epochs\": 6, \"batch_size\": 4";

  @TempDir Path directory;

  private LoraServer serve() {
    Path model = directory.resolve("model");
    return LoraServer.builder()
        .model("base", Files.exists(model) ? model : SavedTextModel.chatty(model))
        .jobs(JobSettings.in(directory.resolve("jobs")).workers(2))
        .port(0)
        .start();
  }

  @Test
  void aModelWhoseJobCannotBeSavedIsNotServedUntilTheJobHasSucceeded() throws Exception {
    String id;
    Path state;
    byte[] running;
    try (LoraServer server = serve()) {
      TuningClient client = new TuningClient(server.port());
      id =
          client.create(
              TuningClient.job(client.upload(TuningClient.chats(40)), HYPERPARAMETERS, ""));
      client.awaitStep(id, 1);
      state = directory.resolve("jobs/jobs/" + id + "/job.json");
      running = Files.readAllBytes(state);
      Files.delete(state);
      Files.createDirectory(state); // nothing can be written in its place

      JsonNode job = client.await(id, "failed");

      assertThat(job.at("/error/code").asText()).isEqualTo("training_failed");
      assertThat(job.at("/error/message").asText()).contains("job.json");
      assertThat(job.at("/fine_tuned_model").isNull()).isTrue();
      assertThat(job.get("result_files")).isEmpty();
      assertThat(client.events(id).stream().map(event -> event.get("message").asText()))
          .noneMatch(message -> message.contains("New fine-tuned model"));
      assertThat(client.get("/v1/models").json().toString()).doesNotContain("ft:base");
      assertThat(files()).hasSize(1); // the upload, without a table of results
    }

    Files.delete(state);
    Files.write(state, running);
    try (LoraServer server = serve()) { // the disk has the job as running
      TuningClient client = new TuningClient(server.port());

      String name = client.await(id, "succeeded").get("fine_tuned_model").asText();

      assertThat(client.get("/v1/models").json().toString()).contains(name);
    }
  }

  private Stream<Path> files() throws IOException {
    try (Stream<Path> entries = Files.list(directory.resolve("jobs/files"))) {
      return entries.toList().stream();
    }
  }
}
