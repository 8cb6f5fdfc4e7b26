r"""The formulae of activations, losses and layers, for `show`.

Rules and schedules have theirs, as code, in their docstrings. Activations and losses are written
as code here, and a test runs each line against the class it stands for. What cannot be written as
one line of code is LaTeX (it holds a backslash).
"""

# class -> its formulae, in reading order; y = f(x)
ACTIVATIONS = {
    "Linear": ("y = x", "slope = 1"),
    "Sigmoid": ("y = 1 / (1 + exp(-x))", "slope = y * (1 - y)"),
    "Tanh": ("y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))", "slope = 1 - y**2"),
    "Relu": ("y = maximum(x, 0)", "slope = where(x > 0, 1, 0)"),
    "LeakyRelu": (
        "y = where(x > 0, x, negative_slope * x)",
        "slope = where(x > 0, 1, negative_slope)",
    ),
    "Elu": (
        "y = where(x > 0, x, alpha * (exp(x) - 1))",
        "slope = where(x > 0, 1, alpha * exp(x))",
    ),
    "Selu": (
        "y = where(x > 0, scale * x, scale * alpha * (exp(x) - 1))",
        "slope = where(x > 0, scale, scale * alpha * exp(x))",
    ),
    "Gelu": ("y = x * Phi(x)", "slope = Phi(x) + x * phi(x)"),
    "Silu": ("y = x * sigma(x)", "slope = sigma(x) * (1 + x * (1 - sigma(x)))"),
    "Softplus": ("y = log(1 + exp(x))", "slope = sigma(x)"),
    "Softsign": ("y = x / (1 + abs(x))", "slope = 1 / (1 + abs(x)) ** 2"),
    "HardSigmoid": (
        "y = minimum(maximum((x + 3) / 6, 0), 1)",
        "slope = where(abs(x) < 3, 1 / 6, 0)",
    ),
    "Mish": (
        "t = tanh(log(1 + exp(x)))",
        "y = x * t",
        "slope = t + x * sigma(x) * (1 - t**2)",
    ),
    "Softmax": (
        "y = exp(x) / sum_j(exp(x_j))",
        r"\frac{\partial L}{\partial x} = y \left(\mathit{upstream} - "
        r"\sum_{j} \mathit{upstream}_j \, y_j\right)",
    ),
    "LogSoftmax": (
        "y = x - log(sum_j(exp(x_j)))",
        r"\frac{\partial L}{\partial x} = \mathit{upstream} - e^{y} \sum_{j} \mathit{upstream}_j",
    ),
}

# t is the truth, y the prediction, p a probability, K the length of the last axis
LOSSES = {
    "MeanSquaredError": ("L = mean_k((y - t) ** 2)", "loss_slope = 2 * (y - t) / K"),
    "MeanAbsoluteError": ("L = mean_k(abs(y - t))", "loss_slope = sign(y - t) / K"),
    "Huber": (
        "e = y - t",
        "L = mean_k(where(abs(e) <= delta, e**2 / 2, delta * abs(e) - delta**2 / 2))",
        "loss_slope = clip(e, -delta, delta) / K",
    ),
    "LogCosh": ("L = mean_k(log(cosh(y - t)))", "loss_slope = tanh(y - t) / K"),
    "BinaryCrossentropy": (
        "L = -mean_k(t * log(y) + (1 - t) * log(1 - y))",
        "loss_slope = (y - t) / (y * (1 - y)) / K",
    ),
    "CategoricalCrossentropy": (
        "p = y / sum_j(y_j)",
        "L = -sum_k(t * log(p))",
        "loss_slope = sum_j(t_j) / sum_j(y_j) - t / y",
    ),
    "SparseCategoricalCrossentropy": (
        r"p = \frac{y}{\sum_{j} y_j}",
        r"L = -\log p_c, \quad c \ \text{the true class}",
        r"\frac{\partial L}{\partial y_k} = \frac{1}{\sum_{j} y_j} - \frac{[k = c]}{y_k}",
    ),
    "Hinge": (
        "L = mean_k(maximum(1 - t * y, 0))",
        "loss_slope = where(t * y < 1, -t, 0) / K",
    ),
    "KLDivergence": ("L = sum_k(t * log(t / y))", "loss_slope = -t / y"),
    "CTC": (
        r"L = -\log \sum_{\mathrm{alignments}} \prod_{t} p_{t, a_t}, \quad "
        r"p_t = \mathrm{softmax}(y_t)",
    ),
    "TripletLoss": (
        r"L = \max\left(d(a, p) - d(a, n) + \mathit{margin}, 0\right)",
        r"d(a, b) = \sum_{k} \left(a_k - b_k\right)^{2}",
    ),
}

_DENSE_BACK = r"\delta = \frac{\partial L}{\partial y} \, f'(z)"
_NORMALIZED = (
    r"\hat{x} = \frac{x - \mu}{\sqrt{\sigma^{2} + \epsilon}}, \quad y = \gamma \, \hat{x} + \beta"
)
_WINDOW = r"x_{n, \, s i + u - p, \, s j + v - p, \, c}"
# x has the batch on its first axis, n
LAYERS = {
    "Dense": (
        r"z = x W + b, \quad y = f(z)",
        _DENSE_BACK,
        r"\frac{\partial L}{\partial W} = x^{\top} \delta, \quad "
        r"\frac{\partial L}{\partial b} = \sum_{n} \delta_n, \quad "
        r"\frac{\partial L}{\partial x} = \delta W^{\top}",
    ),
    "Conv2D": (
        r"z_{n, i, j, k} = \sum_{u} \sum_{v} \sum_{c} " + _WINDOW + r" \, "
        r"\mathit{kernel}_{u, v, c, k} + b_k, \quad y = f(z)",
        r"\frac{\partial L}{\partial \mathit{kernel}_{u, v, c, k}} = \sum_{n} \sum_{i} \sum_{j} "
        + _WINDOW
        + r" \, \delta_{n, i, j, k}, \quad "
        + _DENSE_BACK,
    ),
    "Conv1D": (
        r"z_{n, t, k} = \sum_{u} \sum_{c} x_{n, \, s t + u - p, \, c} \, "
        r"\mathit{kernel}_{u, c, k} + b_k, \quad y = f(z)",
    ),
    "MaxPooling2D": (r"y_{n, i, j, c} = \max_{u, v} " + _WINDOW,),
    "AveragePooling2D": (
        r"y_{n, i, j, c} = \frac{1}{m_{i, j}} \sum_{u} \sum_{v} " + _WINDOW + r", \quad "
        r"m_{i, j} \ \text{pixels inside}",
    ),
    "GlobalAveragePooling2D": (
        r"y_{n, c} = \frac{1}{H W} \sum_{i} \sum_{j} x_{n, i, j, c}",
        r"\frac{\partial L}{\partial x_{n, i, j, c}} = \frac{1}{H W} "
        r"\frac{\partial L}{\partial y_{n, c}}",
    ),
    "GlobalAveragePooling1D": (
        r"y_{n, c} = \frac{1}{T} \sum_{t} x_{n, t, c}",
        r"\frac{\partial L}{\partial x_{n, t, c}} = \frac{1}{T} "
        r"\frac{\partial L}{\partial y_{n, c}}",
    ),
    "Flatten": (r"y_{n, \, (i W + j) C + c} = x_{n, i, j, c}",),
    "Reshape": (r"y_{n} = \mathrm{reshape}(x_{n}, \mathit{target\_shape})",),
    "Dropout": (
        r"y = \frac{x \, \mathit{mask}}{1 - \mathit{rate}}, \quad "
        r"P(\mathit{mask} = 1) = 1 - \mathit{rate}",
        r"\frac{\partial L}{\partial x} = \frac{\mathit{mask}}{1 - \mathit{rate}} "
        r"\frac{\partial L}{\partial y}",
    ),
    "BatchNormalization": (
        r"\mu = \frac{1}{N} \sum_{n} x_n, \quad "
        r"\sigma^{2} = \frac{1}{N} \sum_{n} \left(x_n - \mu\right)^{2}",
        _NORMALIZED,
        r"\mathit{moving} \leftarrow \mathit{momentum} \, \mathit{moving} + "
        r"\left(1 - \mathit{momentum}\right) \mathit{batch}",
    ),
    "LayerNormalization": (
        r"\mu = \frac{1}{K} \sum_{k} x_k, \quad "
        r"\sigma^{2} = \frac{1}{K} \sum_{k} \left(x_k - \mu\right)^{2}",
        _NORMALIZED,
    ),
    "Activation": (
        r"y = f(x), \quad \frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \, f'(x)",
    ),
    "Embedding": (
        r"y_{n, t} = \mathit{embeddings}_{x_{n, t}}",
        r"\frac{\partial L}{\partial \mathit{embeddings}_i} = "
        r"\sum_{n, t \, : \, x_{n, t} = i} \frac{\partial L}{\partial y_{n, t}}",
    ),
    "PositionalEncoding": (
        r"y_{n, t} = x_{n, t} + \mathit{table}_t",
        r"\mathit{table}_{t, 2 i} = \sin\left(\frac{t}{10000^{2 i / d}}\right), \quad "
        r"\mathit{table}_{t, 2 i + 1} = \cos\left(\frac{t}{10000^{2 i / d}}\right)",
    ),
    "MultiHeadAttention": (
        r"Q = x W_Q + b_Q, \quad K = x W_K + b_K, \quad V = x W_V + b_V",
        r"\mathit{head} = \mathrm{softmax}\left(\frac{Q K^{\top}}{\sqrt{\mathit{key\_dim}}}\right) V",
        r"y = \mathrm{concat}_h\left(\mathit{head}_h\right) W_O + b_O",
    ),
    "TransformerEncoder": (
        r"z = \mathrm{norm}\left(x + \mathrm{attention}(x)\right)",
        r"y = \mathrm{norm}\left(z + f\left(z W_1 + b_1\right) W_2 + b_2\right)",
    ),
    "TransformerDecoder": (
        r"u = \mathrm{norm}\left(x + \mathrm{attention}_{\mathrm{causal}}(x)\right)",
        r"z = \mathrm{norm}\left(u + \mathrm{attention}(u, \mathit{context})\right)",
        r"y = \mathrm{norm}\left(z + f\left(z W_1 + b_1\right) W_2 + b_2\right)",
    ),
    "SimpleRNN": (r"h_t = f\left(x_t W + h_{t - 1} U + b\right)",),
    "LSTM": (
        r"i, f, o = \sigma\left(x_t W + h_{t - 1} U + b\right)_{i, f, o}, \quad "
        r"g = \tanh\left(x_t W + h_{t - 1} U + b\right)_{g}",
        r"c_t = f \, c_{t - 1} + i \, g, \quad h_t = o \tanh\left(c_t\right)",
    ),
    "GRU": (
        r"z, r = \sigma\left(x_t W + h_{t - 1} U + b\right)_{z, r}",
        r"g = \tanh\left(x_t W_g + r \left(h_{t - 1} U_g + b_u\right) + b_g\right)",
        r"h_t = z \, h_{t - 1} + \left(1 - z\right) g",
    ),
    "Bidirectional": (r"y_t = \left[ \overrightarrow{h}_t, \overleftarrow{h}_t \right]",),
    "Residual": (
        r"y = x + f(x)",
        r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} + "
        r"\left(\frac{\partial f}{\partial x}\right)^{\top} \frac{\partial L}{\partial y}",
    ),
}

# An optimizer that is more than a rule applied to each element.
OPTIMIZERS = {
    "LBFGS": (
        r"s_k = x_{k + 1} - x_k, \quad y_k = \nabla L(x_{k + 1}) - \nabla L(x_k), \quad "
        r"\rho_k = \frac{1}{y_k^{\top} s_k}",
        r"H_{k + 1} = \left(I - \rho_k \, s_k \, y_k^{\top}\right) H_k "
        r"\left(I - \rho_k \, y_k \, s_k^{\top}\right) + \rho_k \, s_k \, s_k^{\top}",
        r"x_{k + 1} = x_k - \mathit{learning\_rate}_k \, H_k \nabla L(x_k)",
    ),
}

FORMULAE = {**OPTIMIZERS, **ACTIVATIONS, **LOSSES, **LAYERS}
