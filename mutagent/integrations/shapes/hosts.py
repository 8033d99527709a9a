"""Who answers behind a base URL: the provider's name, by the host an OpenAI-style client talks to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

# Suffix of the host → provider: OpenTelemetry's well-known name where it has one
# (https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/), else the company's own, in its words.
PROVIDER_BY_HOST = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "inference.ml.azure.com": "azure.ai.inference",
    "models.inference.ai.azure.com": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "amazonaws.com": "aws.bedrock",
    "api.aws": "aws.bedrock",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.deepseek.com": "deepseek",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "googleapis.com": "gcp.vertex_ai",  # us-central1-aiplatform.googleapis.com and its like
    "api.groq.com": "groq",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    "api.mistral.ai": "mistral_ai",
    "codestral.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "api.ai21.com": "ai21",
    "dashscope.aliyuncs.com": "alibaba",
    "dashscope-intl.aliyuncs.com": "alibaba",
    "dashscope-us.aliyuncs.com": "alibaba",
    "qianfan.baidubce.com": "baidu",
    "inference.baseten.co": "baseten",
    "ark.cn-beijing.volces.com": "bytedance",
    "bytepluses.com": "bytedance",
    "api.cerebras.ai": "cerebras",
    "llm.chutes.ai": "chutes",
    "api.cloudflare.com": "cloudflare",
    "gateway.ai.cloudflare.com": "cloudflare",
    "cloud.databricks.com": "databricks",
    "azuredatabricks.net": "databricks",
    "gcp.databricks.com": "databricks",
    "api.deepinfra.com": "deepinfra",
    "inference.do-ai.run": "digitalocean",
    "api.featherless.ai": "featherless",
    "api.fireworks.ai": "fireworks",
    "api.friendli.ai": "friendli",
    "models.github.ai": "github",
    "githubcopilot.com": "github",
    "us.inference.heroku.com": "heroku",
    "router.huggingface.co": "huggingface",
    "api-inference.huggingface.co": "huggingface",
    "endpoints.huggingface.cloud": "huggingface",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.inceptionlabs.ai": "inception",
    "api.jina.ai": "jina",
    "api.lambda.ai": "lambda",
    "api.lambdalabs.com": "lambda",
    "api.llama.com": "meta",
    "api.minimax.io": "minimax",
    "api.minimaxi.com": "minimax",
    "modal.run": "modal",
    "api.moonshot.ai": "moonshot",
    "api.moonshot.cn": "moonshot",
    "api.morphllm.com": "morph",
    "api.tokenfactory.nebius.com": "nebius",
    "api.studio.nebius.ai": "nebius",
    "api.studio.nebius.com": "nebius",
    "api.novita.ai": "novita",
    "inference.api.nscale.com": "nscale",
    "integrate.api.nvidia.com": "nvidia",
    "ollama.com": "ollama",
    "openrouter.ai": "openrouter",
    "endpoints.kepler.ai.cloud.ovh.net": "ovhcloud",
    "api.parasail.io": "parasail",
    "api.portkey.ai": "portkey",
    "api.publicai.co": "publicai",
    "api.rekaai.com": "reka",
    "api.replicate.com": "replicate",
    "api.runpod.ai": "runpod",
    "api.sambanova.ai": "sambanova",
    "api.scaleway.ai": "scaleway",
    "api.siliconflow.cn": "siliconflow",
    "api.siliconflow.com": "siliconflow",
    "snowflakecomputing.com": "snowflake",
    "api.stepfun.com": "stepfun",
    "api.hunyuan.cloud.tencent.com": "tencent",
    "together.ai": "together",
    "together.xyz": "together",
    "api.upstage.ai": "upstage",
    "ai-gateway.vercel.sh": "vercel",
    "api.voyageai.com": "voyage",
    "api.inference.wandb.ai": "wandb",
    "api.writer.com": "writer",
    "api.z.ai": "zai",
    "open.bigmodel.cn": "zai",
}
# Servers that people run themselves, by the port they listen on unless told otherwise. Those of vLLM, SGLang and
# llama.cpp are everybody's ports: their answers tell.
PROVIDER_BY_LOCAL_PORT = {11434: "ollama", 1234: "lm_studio"}
# The same, by what people call the machine or the service that they run on.
PROVIDER_BY_LABEL = {
    "vllm": "vllm",
    "sglang": "sglang",
    "ollama": "ollama",
    "lmstudio": "lm_studio",
    "localai": "localai",
    "litellm": "litellm",
}
# Client classes that say it all by their name.
PROVIDER_BY_CLASS = (
    ("Azure", "azure.ai.openai"),
    ("Bedrock", "aws.bedrock"),
    ("Vertex", "gcp.vertex_ai"),
    ("Foundry", "azure.ai.inference"),
)


@lru_cache(maxsize=256)
def provider_of(class_name: str, base_url: str, default: str) -> str:
    """The provider that a client of this class with this base URL talks to; ``default`` for hosts nobody knows."""
    for part, provider in PROVIDER_BY_CLASS:
        if part in class_name:
            return provider
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    label = host.partition(".")[0]
    while host:
        if host in PROVIDER_BY_HOST:
            return PROVIDER_BY_HOST[host]
        host = host.partition(".")[2]
    for word in label.split("-"):
        if word in PROVIDER_BY_LABEL:
            return PROVIDER_BY_LABEL[word]
    try:
        return PROVIDER_BY_LOCAL_PORT.get(parts.port or 0, default)
    except ValueError:  # a port that is no number
        return default


def is_known(base_url: str) -> bool:
    """Whether this base URL tells who answers."""
    return provider_of("", base_url, "") != ""


class Address:
    """What there is to know of a client of a generated library: its class, and its base URL as the client has it."""

    __slots__ = ("base_url", "of")

    def __init__(self, of: type, base_url: Any) -> None:
        self.of = of
        self.base_url = base_url


def address_of(instance: Any) -> Address | None:
    """That of the client behind a resource, for who asks when the resource is gone."""
    client = getattr(instance, "_client", None)
    return None if client is None else Address(type(client), getattr(client, "base_url", ""))


def client_of(instance: Any, default: str) -> tuple[str, str | None]:
    """The provider and the base URL of the client behind a resource of a generated library, or of its address."""
    found = instance if type(instance) is Address else address_of(instance)
    if found is None:
        return default, None
    base_url = _text_of(found.base_url)
    return provider_of(found.of.__name__, base_url, default), base_url or None


# A client gives the same object at every call: to write one out takes longer than all else here.
_texts: dict[int, tuple[Any, str]] = {}
_MOST_TEXTS = 256


def _text_of(url: Any) -> str:
    """A base URL, a client's own object as a rule, as text."""
    known = _texts.get(id(url))
    if known is None or known[0] is not url:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        known = _texts[id(url)] = (url, str(url))
    return known[1]
