"""Checks a server of `lora serve` with OpenAI's own Python client.

    pip install openai==3.57.0
    python tools/check_openai_client.py http://127.0.0.1:8080/v1 CHAT_MODEL EMBEDDING_MODEL

Exits with 1 if an answer is not as it should be, and with 3 if the client is not installed.
"""
import math
import sys

try:
    import openai
except ImportError:
    print("this Python has no openai package")
    sys.exit(3)

HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


def check_chat(client, model):
    whole = client.chat.completions.create(model=model, messages=HELLO, temperature=0, max_completion_tokens=8)
    text = whole.choices[0].message.content
    assert whole.choices[0].finish_reason in ("stop", "length"), whole
    chunks = list(client.chat.completions.create(
        model=model, messages=HELLO, temperature=0, max_completion_tokens=8, stream=True,
        stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == text, chunks
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens, chunks[-1]


def check_log_probabilities(client, model):
    answer = client.chat.completions.create(
        model=model, messages=HELLO, temperature=0, max_tokens=3, logprobs=True, top_logprobs=2, n=2, seed=1)
    assert len(answer.choices) == 2
    for token in answer.choices[0].logprobs.content:
        assert token.logprob <= 0 and len(token.top_logprobs) == 2, token


def check_cancelled_stream(client, model):
    stream = client.chat.completions.create(model=model, messages=HELLO, max_tokens=50, stream=True)
    next(iter(stream))
    stream.close()


def check_completions_and_models(client, model):
    answer = client.completions.create(model=model, prompt="Once", max_tokens=4, temperature=0)
    assert answer.object == "text_completion" and answer.usage.prompt_tokens > 0, answer
    assert model in [card.id for card in client.models.list()]
    assert client.models.retrieve(model).id == model


def check_embeddings(client, model):
    by_default = client.embeddings.create(model=model, input=["a", "b"])  # asks for base64
    decimals = client.embeddings.create(model=model, input=["a", "b"], encoding_format="float")
    for one, other in zip(by_default.data, decimals.data, strict=True):
        assert all(math.isclose(x, y, rel_tol=1e-6) for x, y in zip(one.embedding, other.embedding, strict=True))
    shortened = client.embeddings.create(model=model, input="a", dimensions=4).data[0].embedding
    assert len(shortened) == 4 and math.isclose(sum(x * x for x in shortened), 1, rel_tol=1e-4), shortened


def check_errors(client, model):
    try:
        client.chat.completions.create(model="nobody", messages=HELLO)
        raise AssertionError("an unknown model is served")
    except openai.NotFoundError as e:
        assert e.code == "model_not_found" and e.param == "model", e
    try:
        client.chat.completions.create(model=model, messages=HELLO, top_p=2)
        raise AssertionError("top_p = 2 is accepted")
    except openai.BadRequestError as e:
        assert e.param == "top_p" and e.request_id, e


def main(address, chat_model, embedding_model):
    client = openai.OpenAI(base_url=address, api_key="any", max_retries=0)
    for check in (check_chat, check_log_probabilities, check_cancelled_stream, check_completions_and_models,
                  check_errors):
        check(client, chat_model)
    check_embeddings(client, embedding_model)
    print("openai " + openai.__version__ + ": ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
