package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.serve.jobs.JobSettings;
import dev.lora4j.train.EvalAndSavePolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job whose process is killed. */
class KilledJobTest {
  private static final String HYPERPARAMETERS =
      "\"learning_rate_multiplier\": 50, \"n_epochs\": 12, \"batch_size\": 4";

  @TempDir Path directory;

  @Test
  void aKilledJobGoesOnAtTheNextStartAndEndsWithTheBitsOfAnUninterruptedRun() throws Exception {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path jobs = directory.resolve("jobs");
    Path port = directory.resolve("port");
    Process first = TuningServerMain.start(model, jobs, port);
    String id;
    try {
      TuningClient client = new TuningClient(TuningServerMain.port(first, port));
      id =
          client.create(
              TuningClient.job(client.upload(TuningClient.chats(20)), HYPERPARAMETERS, ""));
      client.awaitStep(id, 13);
    } finally {
      first.destroyForcibly().waitFor(); // kill -9
    }
    assertThat(Files.readString(jobs.resolve("jobs/" + id + "/job.json"))).contains("\"running\"");

    String name;
    try (LoraServer second = serve(model, jobs)) {
      TuningClient client = new TuningClient(second.port());
      JsonNode job = client.await(id, "succeeded");
      name = job.get("fine_tuned_model").asText();
      assertThat(client.events(id).stream().map(event -> event.get("message").asText()))
          .anyMatch(message -> message.startsWith("Fine-tuning goes on after step"))
          .filteredOn(message -> message.startsWith("Step 14/") && message.contains("training"))
          .hasSize(1);
    }

    Path job = jobs.resolve("jobs/" + id);
    Path uninterrupted = directory.resolve("uninterrupted");
    FineTuneRecipe.of(model.toString())
        .data(job.resolve("training_file.jsonl"))
        .settings(
            longest ->
                TrainingArguments.of(50 * FineTuneRecipe.DEFAULT_LEARNING_RATE)
                    .epochs(12)
                    .batching(BatchConfig.of(4).maxSeqLength(longest))
                    .pace(new EvalAndSavePolicy(0, 0, 10)))
        .seed(5)
        .workers(2)
        .run(uninterrupted);
    assertThat(job.resolve("run/adapter_model.safetensors"))
        .hasSameBinaryContentAs(uninterrupted.resolve("adapter_model.safetensors"));

    try (LoraServer third = serve(model, jobs)) { // the model is there without training again
      TuningClient client = new TuningClient(third.port());
      String body =
          "{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"Say it 3\"}]}";
      assertThat(client.post("/v1/chat/completions", body.formatted(name)).status()).isEqualTo(200);
    }
  }

  private static LoraServer serve(Path model, Path jobs) {
    return LoraServer.builder()
        .model("base", model)
        .jobs(JobSettings.in(jobs).workers(1)) // the job keeps the number that it began with
        .port(0)
        .start();
  }
}
