package dev.lora4j.langchain4j;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.serve.engine.QueueFull;
import dev.lora4j.serve.engine.UnknownModel;

/** The engine's failures as LangChain4j's exceptions. */
final class EngineFailure {
  private EngineFailure() {}

  static LangChain4jException of(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof LangChain4jException known) {
      return known;
    }
    if (failure instanceof UnknownModel) {
      return new ModelNotFoundException(message, failure);
    }
    if (failure instanceof QueueFull) {
      return new RateLimitException(message, failure);
    }
    return failure instanceof UserError || failure instanceof CorruptFile
        ? new InvalidRequestException(message, failure)
        : new InternalServerException(message, failure);
  }
}
